"""The score's history, alerts and lists of entities."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Identity,
    Index,
    Table,
    Text,
    cast,
    text,
)
from sqlalchemy.dialects.postgresql import INET, JSONB

from metrics_api.db.tables.columns import metadata, time_column

health_history = Table(
    "health_history",
    metadata,
    time_column("computed_at", nullable=False),
    Column("health_score", Double, nullable=False),
    Column("health_status", Text, nullable=False),
    Column("deductions", JSONB, nullable=False),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("has_data", Boolean, nullable=False, server_default=text("true")),
    Column("by_share", JSONB, comment="By share of clicks; the other columns are by count"),
)
Index("idx_health_history_computed_at", health_history.c.computed_at)

alerts = Table(
    "alerts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("type", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("status", Text, nullable=False, comment="open, acknowledged, snoozed, resolved or false_positive"),
    time_column("opened_at", nullable=False),
    time_column("updated_at", nullable=False),
    Column("acknowledged_by", Text),
    Column("note", Text),
    time_column("snoozed_until"),
    time_column("resolved_at"),
    Column("resolved_by", Text, comment="Empty where it ended by itself"),
    Column("evidence", JSONB, nullable=False),
)
Index(
    "uq_alerts_unresolved",
    alerts.c.type,
    unique=True,
    postgresql_where=text("status IN ('open', 'acknowledged', 'snoozed')"),
)
Index("idx_alerts_opened_at", alerts.c.opened_at)

entity_lists = Table(
    "entity_lists",
    metadata,
    Column("list", Text, primary_key=True, comment="allow, deny or watch"),
    Column("kind", Text, primary_key=True, comment="network, device, referrer, user_agent or link"),
    Column("value", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    time_column("expires_at"),
    time_column("created_at", nullable=False),
    Column("created_by", Text, nullable=False),
)
Index(
    "idx_entity_lists_network",
    cast(entity_lists.c.value, INET).label("network"),
    postgresql_using="gist",
    postgresql_ops={"network": "inet_ops"},
    postgresql_where=text("kind = 'network'"),
)

kept_cohort_k = Table(
    "kept_cohort_k",
    metadata,
    Column("computed_at", DateTime(timezone=True), primary_key=True),
    Column("answer", JSONB, nullable=False),
    comment="The newest answer to what pages ask for, where computing it takes long",
)
