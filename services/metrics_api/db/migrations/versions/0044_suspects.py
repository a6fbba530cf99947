"""Indexes that find suspect referrals and referrers with unlikely conversions, without reading the others."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

ACTIVITY = "activity_per_referrer_day"
# As they were when this was released.
TENTHS = "CAST(least(10, 10 * conversions / greatest(clicks, 1)) AS smallint)"
USER_AGENT_KEY = "hashtextextended(left(user_agent, 512), 0)"
HAS_CONVERSIONS = sa.text("conversions > 0")
REFERRALS: dict[str, str | sa.TextClause] = {
    "network": "network",
    "device": "device_fingerprint",
    "link": "link_id",
    "user_agent": sa.text(USER_AGENT_KEY),
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, column in REFERRALS.items():
            op.create_index(
                f"idx_referrals_{name}", "referrals", [column, "day"], postgresql_concurrently=True, if_not_exists=True
            )
    op.add_column(
        ACTIVITY,
        sa.Column(
            "conversion_tenths",
            sa.SmallInteger(),
            sa.Computed(TENTHS, persisted=True),
            comment="Tenths of a conversion per click, rounded down: 10 from one conversion per click on",
        ),
    )
    op.create_index(
        f"idx_{ACTIVITY}_rate",
        ACTIVITY,
        ["day", "conversion_tenths"],
        postgresql_include=["referrer_id", "conversions"],
        postgresql_where=HAS_CONVERSIONS,
    )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in REFERRALS:
            op.drop_index(f"idx_referrals_{name}", "referrals", postgresql_concurrently=True, if_exists=True)
    op.drop_index(f"idx_{ACTIVITY}_rate", ACTIVITY)
    op.drop_column(ACTIVITY, "conversion_tenths")
