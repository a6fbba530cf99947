"""Deliveries and their requests, subscriptions, suppressed addresses and notification rules."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from metrics_api.db.tables.columns import metadata, time_column

delivery_requests = Table(
    "delivery_requests",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("report_id", BigInteger, comment="The report that is mailed"),
    Column("notification", JSONB, comment="What is told about alerts, where no report is mailed"),
    Column("takedown", JSONB, comment="The item that is to be hidden, where nothing else is told"),
    Column("event", JSONB, comment="What happened, where a program is told"),
    Column("rule_id", BigInteger, comment="The rule that asked for the notification"),
    Column("unique_key", Text, unique=True, comment="Set where the same must never be asked for twice"),
    Column("requested_by", Text, nullable=False),
    time_column("created_at", nullable=False),
    comment="One question for deliveries: of a report to its recipients, or of one notification",
)
Index("idx_delivery_requests_report", delivery_requests.c.report_id)
Index("idx_delivery_requests_rule", delivery_requests.c.rule_id, delivery_requests.c.created_at)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("request_id", BigInteger, ForeignKey("delivery_requests.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False, comment="email or webhook"),
    Column("recipient", Text, nullable=False, comment="An email address or the URL of a webhook"),
    Column("recipient_hash", Text, nullable=False),
    Column("is_placeholder", Boolean, nullable=False, comment="Asked for while email was switched off"),
    Column(
        "status",
        Text,
        nullable=False,
        comment="pending, claimed, sending, sent, uncertain, dead, placeholder, suppressed or cancelled",
    ),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("max_attempts", Integer, nullable=False),
    time_column("next_attempt_at", nullable=False),
    time_column("lease_until"),
    Column("token", Integer, nullable=False, server_default=text("0"), comment="Fences late workers"),
    Column("message_id", Text, nullable=False, unique=True, comment="The same in every attempt"),
    time_column("intent_at"),
    time_column("sent_at"),
    Column("reply", Text, comment="What the server answered"),
    Column("last_error", Text),
    Column("content", JSONB, comment="What was rendered: subject, html and text, or a webhook's body"),
    time_column("enqueued_at"),
    Column("enqueue_count", Integer, nullable=False, server_default=text("0")),
    time_column("created_at", nullable=False),
    time_column("claimed_at"),
    time_column("finished_at"),
    time_column("discarded_at"),
    UniqueConstraint("request_id", "recipient_hash", name="uq_deliveries_recipient"),
)
Index(
    "idx_deliveries_unfinished",
    deliveries.c.next_attempt_at,
    postgresql_where=text("status IN ('pending', 'claimed', 'sending')"),
)
Index(
    "idx_deliveries_held",
    deliveries.c.status,
    deliveries.c.finished_at,
    postgresql_where=text("status IN ('uncertain', 'dead') AND discarded_at IS NULL"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("email", Text, nullable=False),
    Column("report_type", Text, nullable=False, comment="weekly or monthly"),
    Column("created_by", Text, nullable=False),
    time_column("created_at", nullable=False),
    UniqueConstraint("email", "report_type", name="uq_subscriptions_email"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("email", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("delivery_id", BigInteger, comment="The delivery that failed for good"),
    time_column("created_at", nullable=False),
    comment="Addresses that get nothing any more",
)

notification_rules = Table(
    "notification_rules",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("severities", ARRAY(Text), nullable=False),
    Column("channel", Text, nullable=False, comment="email, slack or webhook"),
    Column("target", Text, nullable=False, comment="An email address or a URL"),
    Column("sealed_secret", LargeBinary, comment="Signs the webhook's bodies; encrypted"),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column(
        "event_types",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{alert.opened,alert.ended}'"),
        comment="What it is about",
    ),
    Column("created_by", Text, nullable=False),
    time_column("created_at", nullable=False),
)

alert_news = Table(
    "alert_news",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("rule_id", BigInteger, ForeignKey("notification_rules.id", ondelete="CASCADE"), nullable=False),
    Column("alert_id", BigInteger, nullable=False),
    Column("event", Text, nullable=False, comment="opened, escalated or ended"),
    Column("severity", Text, nullable=False),
    Column("count", Double, nullable=False, comment="What the alert counted when this was noted"),
    Column("message", Text, nullable=False),
    Column("request_id", BigInteger, comment="The request that tells it; empty while it waits"),
    time_column("created_at", nullable=False),
    comment="What each rule has to tell, or has told, about each alert",
)
Index("idx_alert_news_alert", alert_news.c.alert_id, alert_news.c.rule_id)
Index("idx_alert_news_waiting", alert_news.c.rule_id, postgresql_where=text("request_id IS NULL"))

webhook_events = Table(
    "webhook_events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("rule_id", BigInteger, ForeignKey("notification_rules.id", ondelete="CASCADE"), nullable=False),
    Column("type", Text, nullable=False),
    Column("key", Text, nullable=False, comment="What happened, once for each rule"),
    Column("data", JSONB, nullable=False),
    Column("request_id", BigInteger, comment="The request that calls the webhook; empty while it waits"),
    time_column("created_at", nullable=False),
    UniqueConstraint("rule_id", "type", "key", name="uq_webhook_events_key"),
    comment="What each rule has to call its webhook about, or has called it about, beside alerts",
)
Index("idx_webhook_events_waiting", webhook_events.c.rule_id, postgresql_where=text("request_id IS NULL"))
Index("idx_webhook_events_created", webhook_events.c.created_at)
