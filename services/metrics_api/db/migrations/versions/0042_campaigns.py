"""Activity by campaign.

The campaign of an event is fixed when it is stored, as its loop is; of those that are stored already none is known. The
rebuild that a new release starts finds the invites of the campaigns that links have.
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

COUNTS = ("invites", "clicks", "visits", "signups", "conversions", "activations")


def upgrade() -> None:
    op.add_column("attribution_events", _campaign("That of the link when the event was stored"))
    op.add_column("referrals", _campaign("As in attribution_events"))
    op.create_table(
        "activity_per_campaign_day",
        sa.Column("campaign", sa.Text(), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("referrer_id", sa.Text(), primary_key=True, comment="Empty where it was purged"),
        sa.Column("source", sa.Text(), primary_key=True),
        *(sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0")) for name in COUNTS),
        sa.Column(
            "purged_conversions",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("0"),
            comment="As in activity_per_referrer_day",
        ),
        comment="The part of activity_per_referrer_day whose links are of a campaign",
    )


def _campaign(comment: str) -> sa.Column[str]:
    return sa.Column("campaign", sa.Text(), comment=comment)


def downgrade() -> None:
    op.drop_table("activity_per_campaign_day")
    op.drop_column("referrals", "campaign")
    op.drop_column("attribution_events", "campaign")
