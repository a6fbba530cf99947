"""Referrals that may repeat others, and those of users who refer others, marked when they are stored."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

TABLE = "referrals"
# As they were when this was released.
USER_KEY, HAS_NO_VALUE = "hashtextextended(user_id, 0)", "event_type = 'conversion' AND conversion_value IS NULL"
ACTION_KEY = "hashtextextended(device_fingerprint, hashtextextended(link_id, hashtextextended(event_type, 0)))"
FILL = f"""
    UPDATE referrals SET may_repeat = true FROM (
        SELECT event_id, count(without_value) OVER (PARTITION BY without_value) > 1
            OR count(action) OVER (PARTITION BY action, date_trunc('minute', occurred_at)) > 1 AS may_repeat
        FROM (
            SELECT event_id, occurred_at, CASE WHEN {HAS_NO_VALUE} THEN {USER_KEY} END AS without_value,
                {ACTION_KEY} AS action
            FROM referrals
        ) AS keyed
    ) AS found WHERE found.event_id = referrals.event_id AND found.may_repeat
"""  # noqa: S608 - constants only.


def upgrade() -> None:
    op.add_column(
        TABLE,
        sa.Column(
            "may_repeat",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Whether it is one of several conversions of a user without a value, or the same in a minute;"
            " stays true where the others are deleted",
        ),
    )
    op.add_column(
        TABLE,
        sa.Column(
            "user_refers",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Whether the user is the referrer of others; stays true where those are deleted",
        ),
    )
    op.execute(FILL)
    op.execute("UPDATE referrals SET user_refers = true WHERE user_id IN (SELECT referrer_id FROM referrals)")
    op.create_index(
        f"idx_{TABLE}_without_value", TABLE, [sa.text(USER_KEY), "day"], postgresql_where=sa.text(HAS_NO_VALUE)
    )
    op.create_index(f"idx_{TABLE}_action", TABLE, [sa.text(ACTION_KEY), "occurred_at"])
    op.create_index(f"idx_{TABLE}_user_refers", TABLE, ["day"], postgresql_where=sa.text("user_refers"))
    op.create_index(f"idx_{TABLE}_repeats", TABLE, ["day"], postgresql_where=sa.text("may_repeat"))


def downgrade() -> None:
    for name in ("repeats", "user_refers", "action", "without_value"):
        op.drop_index(f"idx_{TABLE}_{name}", TABLE)
    op.drop_column(TABLE, "user_refers")
    op.drop_column(TABLE, "may_repeat")
