"""Activity of all referrers by day and loop, and how many different users invited in any period."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

COUNTS = ("invites", "clicks", "visits", "signups", "conversions", "activations", "purged_conversions")
ACTIVITY, INDEX = "activity_per_referrer_day", "idx_activity_per_referrer_day_invites"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            INDEX,
            ACTIVITY,
            ["referrer_id", "day", "source"],
            postgresql_concurrently=True,
            if_not_exists=True,
            postgresql_where=sa.text("invites > 0"),
        )
    _create_totals()
    _create_inviters()


def _create_totals() -> None:
    op.create_table(
        "activity_per_day",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("source", sa.Text(), primary_key=True, comment="Empty where no loop is known"),
        sa.Column("has_referrer", sa.Boolean(), primary_key=True, comment="False where nobody gets the credit"),
        *(sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0")) for name in COUNTS),
        comment="The sums of activity_per_referrer_day over all referrers",
    )
    op.execute("""
        INSERT INTO activity_per_day (day, source, has_referrer, invites, clicks, visits, signups, conversions,
            activations, purged_conversions)
        SELECT day, source, referrer_id <> '', sum(invites), sum(clicks), sum(visits), sum(signups), sum(conversions),
            sum(activations), sum(purged_conversions)
        FROM activity_per_referrer_day GROUP BY 1, 2, 3
    """)


def _create_inviters() -> None:
    op.create_table(
        "inviters_per_day",
        sa.Column("source", sa.Text(), primary_key=True, comment="Empty for all loops together"),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column(
            "previous_day",
            sa.Date(),
            primary_key=True,
            comment="The last day before on which they invited; the first of all dates where there is none",
        ),
        sa.Column("inviters", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        comment="Users who invited; different ones of a period are those whose previous day is before it",
    )
    op.execute("""
        INSERT INTO inviters_per_day (source, day, previous_day, inviters)
        SELECT source, day, coalesce(previous_day, '0001-01-01'), count(*) FROM (
            SELECT source, day, lag(day) OVER (PARTITION BY source, referrer_id ORDER BY day) AS previous_day
            FROM (
                SELECT source, referrer_id, day FROM activity_per_referrer_day WHERE invites > 0 AND referrer_id <> ''
                UNION SELECT '', referrer_id, day FROM activity_per_referrer_day WHERE invites > 0 AND referrer_id <> ''
            ) AS invited
        ) AS inviting GROUP BY 1, 2, 3
    """)


def downgrade() -> None:
    op.drop_table("inviters_per_day")
    op.drop_table("activity_per_day")
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, ACTIVITY, postgresql_concurrently=True, if_exists=True)
