"""Referrals with the click before them, and the users of devices.

The rebuild that a new release starts finds those that are stored.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import INET

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

CLICKS_OF_PAIR = "idx_attribution_events_clicks_of_pair"
PERSON = "coalesce('user:' || user_id, 'session:' || session_id, 'device:' || device_fingerprint)"
IS_COUNTED = "(traffic_class IS NULL OR traffic_class IN ('human', 'unknown'))"
PAIR = "hashtextextended({person}, hashtextextended(referrer_id, 0))"
CLICK = f"CASE WHEN event_type = 'click' AND {IS_COUNTED} THEN {PAIR.format(person=PERSON)} END"
INDEXES: dict[str, tuple[list[str | sa.TextClause], str | None]] = {
    "idx_referrals_day": (["day"], None),
    "idx_referrals_referrer": (["referrer_id", "occurred_at"], None),
    "idx_referrals_pair": ([sa.text(PAIR.format(person="person")), "occurred_at"], None),
    "idx_referrals_unsettled": (
        ["occurred_at"],
        "active_again IS NULL AND event_type = 'conversion' AND person IS NOT NULL",
    ),
}


def upgrade() -> None:
    # Each statement by itself, so that writers wait for no more than one, and all can run again after a cut.
    with op.get_context().autocommit_block():
        _create_tables()
        op.create_index(
            CLICKS_OF_PAIR,
            "attribution_events",
            [sa.text(f"({CLICK})"), "occurred_at"],
            postgresql_concurrently=True,
            if_not_exists=True,
            postgresql_where=sa.text(f"({CLICK}) IS NOT NULL"),
        )


def _create_tables() -> None:
    op.create_table(
        "referrals",
        sa.Column("event_id", sa.Uuid(), primary_key=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False, comment="signup or conversion"),
        sa.Column("referrer_id", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), comment="As in user_journeys"),
        sa.Column("user_id", sa.Text()),
        sa.Column("device_fingerprint", sa.Text()),
        sa.Column("network", INET(), comment="As in clicks_per_ip_day"),
        sa.Column("link_id", sa.Text()),
        sa.Column("source", sa.Text()),
        sa.Column("user_agent", sa.Text()),
        sa.Column("conversion_value", sa.Double()),
        sa.Column("clicked_at", sa.DateTime(timezone=True)),
        sa.Column("active_again", sa.Boolean(), comment="Of conversions of somebody known; null until 7 days are over"),
        comment="Signups and conversions with a referrer, and the last click of the pair in the 7 days before",
        if_not_exists=True,
    )
    for name, (columns, condition) in INDEXES.items():
        where = None if condition is None else sa.text(condition)
        op.create_index(name, "referrals", columns, if_not_exists=True, postgresql_where=where)
    op.create_table(
        "device_users",
        sa.Column("device_fingerprint", sa.Text(), primary_key=True),
        sa.Column("user_id", sa.Text(), primary_key=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        comment="Which users did anything on a device",
        if_not_exists=True,
    )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(CLICKS_OF_PAIR, "attribution_events", postgresql_concurrently=True, if_exists=True)
    op.drop_table("device_users")
    op.drop_table("referrals")
