"""Rules choose what they are about, and webhooks are called about more than alerts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

TABLE = "webhook_events"


def upgrade() -> None:
    op.add_column(
        "notification_rules",
        sa.Column(
            "event_types",
            ARRAY(sa.Text()),
            nullable=False,
            server_default=sa.text("'{alert.opened,alert.ended}'"),
            comment="What it is about",
        ),
    )
    op.add_column("delivery_requests", sa.Column("event", JSONB(), comment="What happened, where a program is told"))
    op.create_table(
        TABLE,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column(
            "rule_id", sa.BigInteger(), sa.ForeignKey("notification_rules.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="What happened, once for each rule"),
        sa.Column("data", JSONB(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), comment="The request that calls the webhook; empty while it waits"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("rule_id", "type", "key", name="uq_webhook_events_key"),
        comment="What each rule has to call its webhook about, or has called it about, beside alerts",
    )
    waiting = sa.text("request_id IS NULL")
    op.create_index("idx_webhook_events_waiting", TABLE, ["rule_id"], postgresql_where=waiting)
    op.create_index("idx_webhook_events_created", TABLE, ["created_at"])


def downgrade() -> None:
    op.drop_table(TABLE)
    op.drop_column("delivery_requests", "event")
    op.drop_column("notification_rules", "event_types")
