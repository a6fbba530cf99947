"""Events that are stored and not folded yet.

One transaction folds at a time, so that writers need no rows of their own in traffic_per_day.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import INET

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_KEY = ["day", "source", "traffic_class", "traffic_reason"]
_MERGE = (
    """CREATE TEMPORARY TABLE merged ON COMMIT DROP AS
        SELECT day, source, traffic_class, traffic_reason, sum(clicks) AS clicks, sum(visits) AS visits,
            min(sample::text COLLATE "C")::uuid AS sample
        FROM traffic_per_day GROUP BY day, source, traffic_class, traffic_reason""",
    "TRUNCATE traffic_per_day",
    "ALTER TABLE traffic_per_day DROP CONSTRAINT traffic_per_day_pkey",
    "ALTER TABLE traffic_per_day DROP COLUMN shard",
    """INSERT INTO traffic_per_day (day, source, traffic_class, traffic_reason, clicks, visits, sample)
        SELECT day, source, traffic_class, traffic_reason, clicks, visits, sample FROM merged""",
)


def upgrade() -> None:
    op.create_table(
        "staged_batches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("events", sa.Integer(), nullable=False, comment="Those that count"),
        sa.Column(
            "has_failed",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Folded by itself alone",
        ),
        comment="What requests have stored and no combiner has folded yet",
    )
    op.create_table(
        "staged_events",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid()),
        sa.Column("occurred_at", sa.DateTime(timezone=True)),
        sa.Column("day", sa.Date()),
        sa.Column("event_type", sa.Text()),
        sa.Column("ip_address", INET()),
        *(sa.Column(name, sa.Text()) for name in ("device_fingerprint", "link_id", "referrer_id", "source", "user_id")),
        *(sa.Column(name, sa.Text()) for name in ("person", "campaign")),
        sa.Column("network", INET()),
    )
    op.create_table(
        "staged_traffic",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date()),
        *(sa.Column(name, sa.Text()) for name in ("source", "traffic_class", "traffic_reason")),
        *(sa.Column(name, sa.BigInteger()) for name in ("clicks", "visits")),
        sa.Column("sample", sa.Uuid()),
    )
    # They are empty most of the time, and each fold reads them as a whole.
    for table in ("staged_batches", "staged_events", "staged_traffic"):
        op.execute(f"ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000)")
    for statement in _MERGE:
        op.execute(statement)
    op.create_primary_key("traffic_per_day_pkey", "traffic_per_day", _KEY)


def downgrade() -> None:
    op.add_column("traffic_per_day", sa.Column("shard", sa.Integer(), nullable=False, server_default="0"))
    op.drop_constraint("traffic_per_day_pkey", "traffic_per_day", type_="primary")
    op.create_primary_key("traffic_per_day_pkey", "traffic_per_day", [*_KEY, "shard"])
    op.drop_table("staged_traffic")
    op.drop_table("staged_events")
    op.drop_table("staged_batches")
