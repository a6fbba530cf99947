"""Referrals that may repeat others, found by what they have in common when they are stored."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

TABLE = "referrals"
# As they were when this was released.
WITHOUT_VALUE_KEY = """CASE WHEN event_type = 'conversion' AND conversion_value IS NULL THEN
    hashtextextended(user_id, 0) END"""
MINUTE_KEY = """hashtextextended(device_fingerprint, hashtextextended(link_id, hashtextextended(event_type,
    CAST(extract(epoch FROM date_trunc('minute', occurred_at AT TIME ZONE 'UTC')) AS bigint))))"""
FILL = f"""
    UPDATE referrals SET may_repeat = true FROM (
        SELECT event_id, count(without_value) OVER (PARTITION BY without_value) > 1
            OR count(in_minute) OVER (PARTITION BY in_minute) > 1 AS may_repeat
        FROM (
            SELECT event_id, {WITHOUT_VALUE_KEY} AS without_value, {MINUTE_KEY} AS in_minute FROM referrals
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
    op.execute(FILL)
    op.create_index(f"idx_{TABLE}_without_value", TABLE, [sa.text(f"({WITHOUT_VALUE_KEY})")])
    op.create_index(f"idx_{TABLE}_minute", TABLE, [sa.text(MINUTE_KEY)])
    op.create_index(f"idx_{TABLE}_repeats", TABLE, ["day"], postgresql_where=sa.text("may_repeat"))


def downgrade() -> None:
    for name in ("repeats", "minute", "without_value"):
        op.drop_index(f"idx_{TABLE}_{name}", TABLE)
    op.drop_column(TABLE, "may_repeat")
