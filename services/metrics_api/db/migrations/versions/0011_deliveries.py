"""Deliveries with what asks for them, subscriptions, suppressions, and what rules tell about alerts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def _time(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True)


def upgrade() -> None:
    _create_deliveries()
    _create_recipients()
    _create_notifications()


def _create_deliveries() -> None:
    op.create_table(
        "delivery_requests",
        _id(),
        sa.Column("report_id", sa.BigInteger(), comment="The report that is mailed"),
        sa.Column("notification", postgresql.JSONB(), comment="What is told about alerts, where no report is mailed"),
        sa.Column("rule_id", sa.BigInteger(), comment="The rule that asked for the notification"),
        sa.Column("unique_key", sa.Text(), unique=True, comment="Set where the same must never be asked for twice"),
        sa.Column("requested_by", sa.Text(), nullable=False),
        _time("created_at", nullable=False),
        comment="One question for deliveries: of a report to its recipients, or of one notification",
    )
    op.create_index("idx_delivery_requests_report", "delivery_requests", ["report_id"])
    op.create_index("idx_delivery_requests_rule", "delivery_requests", ["rule_id", "created_at"])
    op.create_table(
        "deliveries",
        _id(),
        sa.Column(
            "request_id", sa.BigInteger(), sa.ForeignKey("delivery_requests.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="email or webhook"),
        sa.Column("recipient", sa.Text(), nullable=False, comment="An email address or the URL of a webhook"),
        sa.Column("recipient_hash", sa.Text(), nullable=False),
        sa.Column("is_placeholder", sa.Boolean(), nullable=False, comment="Asked for while email was switched off"),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="pending, claimed, sending, sent, uncertain, dead, placeholder, suppressed or cancelled",
        ),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        _time("next_attempt_at", nullable=False),
        _time("lease_until"),
        sa.Column("token", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Fences late workers"),
        sa.Column("message_id", sa.Text(), unique=True, nullable=False, comment="The same in every attempt"),
        _time("intent_at"),
        _time("sent_at"),
        sa.Column("reply", sa.Text(), comment="What the server answered"),
        sa.Column("last_error", sa.Text()),
        sa.Column(
            "content", postgresql.JSONB(), comment="What was rendered: subject, html and text, or a webhook's body"
        ),
        _time("enqueued_at"),
        sa.Column("enqueue_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _time("created_at", nullable=False),
        _time("claimed_at"),
        _time("finished_at"),
        _time("discarded_at"),
        sa.UniqueConstraint("request_id", "recipient_hash", name="uq_deliveries_recipient"),
    )
    op.create_index(
        "idx_deliveries_unfinished",
        "deliveries",
        ["next_attempt_at"],
        postgresql_where=sa.text("status IN ('pending', 'claimed', 'sending')"),
    )
    op.create_index(
        "idx_deliveries_held",
        "deliveries",
        ["status", "finished_at"],
        postgresql_where=sa.text("status IN ('uncertain', 'dead') AND discarded_at IS NULL"),
    )


def _create_recipients() -> None:
    op.create_table(
        "subscriptions",
        _id(),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("report_type", sa.Text(), nullable=False, comment="weekly or monthly"),
        sa.Column("created_by", sa.Text(), nullable=False),
        _time("created_at", nullable=False),
        sa.UniqueConstraint("email", "report_type", name="uq_subscriptions_email"),
    )
    op.create_table(
        "suppressions",
        sa.Column("email", sa.Text(), primary_key=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), comment="The delivery that failed for good"),
        _time("created_at", nullable=False),
        comment="Addresses that get nothing any more",
    )


def _create_notifications() -> None:
    op.create_table(
        "notification_rules",
        _id(),
        sa.Column("name", sa.Text(), nullable=False, unique=True),
        sa.Column("severities", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False, comment="email, slack or webhook"),
        sa.Column("target", sa.Text(), nullable=False, comment="An email address or a URL"),
        sa.Column("sealed_secret", sa.LargeBinary(), comment="Signs the webhook's bodies; encrypted"),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        _time("created_at", nullable=False),
    )
    op.create_table(
        "alert_news",
        _id(),
        sa.Column(
            "rule_id", sa.BigInteger(), sa.ForeignKey("notification_rules.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False, comment="opened, escalated or ended"),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("count", sa.Double(), nullable=False, comment="What the alert counted when this was noted"),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), comment="The request that tells it; empty while it waits"),
        _time("created_at", nullable=False),
        comment="What each rule has to tell, or has told, about each alert",
    )
    op.create_index("idx_alert_news_alert", "alert_news", ["alert_id", "rule_id"])
    op.create_index("idx_alert_news_waiting", "alert_news", ["rule_id"], postgresql_where=sa.text("request_id IS NULL"))


def downgrade() -> None:
    for table in (
        "alert_news",
        "notification_rules",
        "suppressions",
        "subscriptions",
        "deliveries",
        "delivery_requests",
    ):
        op.drop_table(table)
