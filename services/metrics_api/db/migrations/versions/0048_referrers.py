"""Referrers with most conversions by day, and how many different referrers were active in any period."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

ACTIVITY, INDEX = "activity_per_referrer_day", "idx_activity_per_referrer_day_active"
CONVERSIONS, ACTIVE = "conversions_per_referrer_day", "active_referrers_per_day"


def upgrade() -> None:
    op.add_column(
        ACTIVITY,
        sa.Column("is_active", sa.Boolean(), sa.Computed("invites + clicks + conversions > 0", persisted=True)),
    )
    op.create_index(INDEX, ACTIVITY, ["referrer_id", "day", "source"], postgresql_where=sa.text("is_active"))
    op.execute(f"ANALYZE {ACTIVITY}")
    _create_conversions()
    _create_active()


def _create_conversions() -> None:
    op.create_table(
        CONVERSIONS,
        sa.Column("source", sa.Text(), primary_key=True, comment="Empty for all loops together"),
        sa.Column("referrer_id", sa.Text(), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("conversions", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        comment="Conversions that a referrer gets the credit for, in an order that leads to those with most",
    )
    op.execute("""
        INSERT INTO conversions_per_referrer_day (source, referrer_id, day, conversions)
        SELECT loop, referrer_id, day, sum(conversions) FROM activity_per_referrer_day
            CROSS JOIN LATERAL (VALUES (''), (nullif(source, ''))) AS loops (loop)
        WHERE conversions > 0 AND referrer_id <> '' AND loop IS NOT NULL GROUP BY loop, referrer_id, day
    """)
    op.create_index(
        "idx_conversions_per_referrer_day_most",
        CONVERSIONS,
        ["day", "source", sa.text("conversions DESC")],
        postgresql_include=["referrer_id"],
    )
    op.execute(f"ANALYZE {CONVERSIONS}")


def _create_active() -> None:
    op.create_table(
        ACTIVE,
        sa.Column("source", sa.Text(), primary_key=True, comment="Empty for all loops together"),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("previous_day", sa.Date(), primary_key=True, comment="As in inviters_per_day"),
        sa.Column("referrers", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        comment="Referrers with invites, clicks or conversions",
    )
    op.execute("""
        INSERT INTO active_referrers_per_day (source, day, previous_day, referrers)
        SELECT source, day, coalesce(previous_day, '0001-01-01'), count(*) FROM (
            SELECT source, day, lag(day) OVER (PARTITION BY source, referrer_id ORDER BY day) AS previous_day
            FROM (
                SELECT source, referrer_id, day FROM activity_per_referrer_day WHERE is_active AND referrer_id <> ''
                UNION SELECT '', referrer_id, day FROM activity_per_referrer_day WHERE is_active AND referrer_id <> ''
            ) AS met
        ) AS meeting GROUP BY 1, 2, 3
    """)


def downgrade() -> None:
    op.drop_table(ACTIVE)
    op.drop_table(CONVERSIONS)
    op.drop_index(INDEX, ACTIVITY)
    op.drop_column(ACTIVITY, "is_active")
