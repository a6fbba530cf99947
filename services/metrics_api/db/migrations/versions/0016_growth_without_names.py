"""Growth without a referrer: conversions of purged dates that were credited, and the loop people came by.

Which conversions were credited on dates purged before is no longer known: these begin at 0. People whose events name a
loop and no referrer get it by `viral-engine rebuild-facts`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "activity_per_referrer_day",
        sa.Column(
            "purged_conversions",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("0"),
            comment="Those of the conversions whose referrers' names were purged",
        ),
    )
    op.add_column("user_journeys", sa.Column("sourced_at", sa.DateTime(timezone=True)))
    op.add_column(
        "user_journeys",
        sa.Column(
            "sourced_by_event", sa.Uuid(), comment="The earliest event with a loop decides, whoever gets the credit"
        ),
    )
    op.execute(
        "UPDATE user_journeys SET sourced_at = referred_at, sourced_by_event = referred_by_event "
        "WHERE source IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_column("user_journeys", "sourced_by_event")
    op.drop_column("user_journeys", "sourced_at")
    op.drop_column("activity_per_referrer_day", "purged_conversions")
