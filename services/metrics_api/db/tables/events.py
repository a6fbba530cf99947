"""What happened, as it was posted."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import INET, JSONB

from metrics_api.db.event_types import CLICKER, build_click_key
from metrics_api.db.network_key import INDEXED_PREFIX
from metrics_api.db.tables.columns import count_column, metadata, time_column

attribution_events = Table(
    "attribution_events",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("event_type", Text, nullable=False),
    time_column("occurred_at", nullable=False),
    Column("ip_address", INET),
    Column("device_fingerprint", Text),
    Column("link_id", Text),
    Column("referrer_id", Text),
    Column("source", Text),
    Column("user_id", Text),
    Column("session_id", Text),
    Column("user_agent", Text),
    Column("referrer_url", Text),
    Column("landing_page", Text),
    Column("conversion_value", Double),
    Column("metadata", JSONB),
    Column("http_method", Text),
    Column("purpose", Text),
    Column("traffic_class", Text, comment="Of clicks and visits; null where it is not known yet"),
    Column("traffic_reason", Text),
    Column("classifier_version", Integer, comment="In fact_versions; null where it is to be classified again"),
    Column("campaign", Text, comment="That of the link when the event was stored"),
)
_event = attribution_events.c
Index("idx_attribution_events_ip_address", _event.ip_address)
Index("idx_attribution_events_fraud_detection", _event.ip_address, _event.occurred_at)
# Every address of an IPv6 network in order.
Index(
    "idx_attribution_events_ipv6_network",
    text(f"network(set_masklen(ip_address, {INDEXED_PREFIX}))"),
    _event.occurred_at,
    postgresql_where=text("family(ip_address) = 6"),
)
Index("idx_attribution_events_event_type", _event.event_type, _event.occurred_at)
Index("idx_attribution_events_device_fingerprint", _event.device_fingerprint)
# Clicks only: what else a device sends must not slow the search for a click's neighbors.
Index(
    "idx_attribution_events_bot_detection",
    _event.device_fingerprint,
    _event.occurred_at,
    postgresql_where=text("event_type = 'click'"),
)
# The clicks that can be of one burst, however many others click on the device.
_CLICKS_ON_DEVICE = f"({build_click_key(CLICKER, 'device_fingerprint')})"
Index(
    "idx_attribution_events_clicks_on_device",
    text(_CLICKS_ON_DEVICE),
    _event.occurred_at,
    postgresql_where=text(f"{_CLICKS_ON_DEVICE} IS NOT NULL"),
)
# Nothing in the long run: what an earlier release stored, until it is classified.
Index(
    "idx_attribution_events_unclassified",
    _event.occurred_at,
    postgresql_where=text("classifier_version IS NULL AND event_type IN ('click', 'visit')"),
)
# The events of a reason, the newest first.
Index(
    "idx_attribution_events_traffic_reason",
    _event.traffic_reason,
    _event.traffic_class,
    _event.occurred_at,
    _event.event_id,
    postgresql_where=text("traffic_reason IS NOT NULL"),
)
Index("idx_attribution_events_link_id", _event.link_id, postgresql_where=text("link_id IS NOT NULL"))
Index(
    "idx_attribution_events_referrer",
    _event.referrer_id,
    _event.occurred_at,
    postgresql_where=text("referrer_id IS NOT NULL"),
)
# What is no click: with idx_attribution_events_bot_detection it holds a device's whole history in order.
Index(
    "idx_attribution_events_device_history",
    _event.device_fingerprint,
    _event.occurred_at,
    postgresql_where=text("event_type <> 'click'"),
)
# See `staging.PERSON`.
_PERSON = "coalesce('user:' || user_id, 'session:' || session_id, 'device:' || device_fingerprint)"
# Everything someone did: for journeys, the next step of a journey, and what a parent asks.
Index(
    "idx_attribution_events_person_step",
    text(_PERSON),
    _event.event_type,
    _event.occurred_at,
)
# The last click before a referral, however often the person has clicked for others.
_CLICKS_OF_PAIR = f"({build_click_key(_PERSON, 'referrer_id')})"
Index(
    "idx_attribution_events_clicks_of_pair",
    text(_CLICKS_OF_PAIR),
    _event.occurred_at,
    postgresql_where=text(f"{_CLICKS_OF_PAIR} IS NOT NULL"),
)

staged_batches = Table(
    "staged_batches",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("events", Integer, nullable=False, comment="Those that count"),
    Column("has_failed", Boolean, nullable=False, server_default=text("false"), comment="Folded by itself alone"),
    comment="What requests have stored and no combiner has folded yet",
)
staged_events = Table(
    "staged_events",
    metadata,
    Column("batch_id", BigInteger, nullable=False),
    Column("event_id", Uuid),
    time_column("occurred_at"),
    Column("day", Date),
    Column("event_type", Text),
    Column("ip_address", INET),
    Column("device_fingerprint", Text),
    Column("link_id", Text),
    Column("referrer_id", Text),
    Column("source", Text),
    Column("user_id", Text),
    Column("person", Text),
    Column("campaign", Text),
    Column("network", INET),
)
staged_traffic = Table(
    "staged_traffic",
    metadata,
    Column("batch_id", BigInteger, nullable=False),
    Column("day", Date),
    Column("source", Text),
    Column("traffic_class", Text),
    Column("traffic_reason", Text),
    Column("clicks", BigInteger),
    Column("visits", BigInteger),
    Column("sample", Uuid),
)

attribution_links = Table(
    "attribution_links",
    metadata,
    Column("link_id", Text, primary_key=True),
    Column("referrer_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("campaign", Text),
    Column("target_url", Text),
    time_column("inserted_at", nullable=False),
    count_column("click_count"),
    count_column("conversion_count"),
)
Index("idx_attribution_links_opt_out", attribution_links.c.inserted_at, attribution_links.c.click_count)

Index("idx_attribution_links_referrer", attribution_links.c.referrer_id, attribution_links.c.inserted_at)
