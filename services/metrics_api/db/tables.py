"""Every table, and why it exists. Times are UTC; a `day` is a UTC date."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    desc,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, CIDR, INET, JSONB

metadata = MetaData()
BURST_SIZES = range(2, 11)


def _time(name: str, *, nullable: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=text("0"))


attribution_events = Table(
    "attribution_events",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("event_type", Text, nullable=False),
    _time("occurred_at", nullable=False),
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
)
_event = attribution_events.c
Index("idx_attribution_events_ip_address", _event.ip_address)
Index("idx_attribution_events_fraud_detection", _event.ip_address, _event.occurred_at)
Index("idx_attribution_events_event_type", _event.event_type, _event.occurred_at)
Index("idx_attribution_events_device_fingerprint", _event.device_fingerprint)
# Clicks only: what else a device sends must not slow the search for a click's neighbours.
Index(
    "idx_attribution_events_bot_detection",
    _event.device_fingerprint,
    _event.occurred_at,
    postgresql_where=text("event_type = 'click'"),
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

attribution_links = Table(
    "attribution_links",
    metadata,
    Column("link_id", Text, primary_key=True),
    Column("referrer_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("campaign", Text),
    Column("target_url", Text),
    _time("inserted_at", nullable=False),
    _count("click_count"),
    _count("conversion_count"),
)
Index("idx_attribution_links_opt_out", attribution_links.c.inserted_at, attribution_links.c.click_count)

Index("idx_attribution_links_referrer", attribution_links.c.referrer_id, attribution_links.c.inserted_at)

link_counts = Table(
    "link_counts",
    metadata,
    Column("link_id", Text, primary_key=True),
    _count("clicks"),
    _count("conversions"),
    comment="Counts by link id, known or not, so that a link announced late starts with its true counts",
)

clicks_per_ip_day = Table(
    "clicks_per_ip_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("ip_address", INET, primary_key=True),
    _count("clicks"),
)
Index("idx_clicks_per_ip_day_worst", clicks_per_ip_day.c.day, desc(clicks_per_ip_day.c.clicks))

clicks_per_device_day = Table(
    "clicks_per_device_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("device_fingerprint", Text, primary_key=True),
    _count("clicks"),
    _time("first_click_at", nullable=False),
    _time("last_click_at", nullable=False),
)

bursts_per_device_day = Table(
    "bursts_per_device_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("device_fingerprint", Text, primary_key=True),
    *(Column(f"span_{size}", Interval) for size in BURST_SIZES),
    comment="Shortest time for 2 to 10 clicks in a row whose last lies on the day, up to 60 s",
)

activity_per_referrer_day = Table(
    "activity_per_referrer_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("referrer_id", Text, primary_key=True, comment="Empty where nobody gets the credit"),
    Column("source", Text, primary_key=True, comment="Empty where no loop is known"),
    *(_count(name) for name in ("invites", "clicks", "visits", "signups", "conversions", "activations")),
)
# Conversions are rare, so this holds few rows and changes seldom.
Index(
    "idx_activity_per_referrer_day_conversions",
    activity_per_referrer_day.c.day,
    activity_per_referrer_day.c.referrer_id,
    postgresql_include=["conversions"],
    postgresql_where=activity_per_referrer_day.c.conversions > 0,
)

user_journeys = Table(
    "user_journeys",
    metadata,
    Column("person", Text, primary_key=True, comment="user:, session: or device: and the id"),
    _time("first_click_at"),
    _time("first_visit_at"),
    _time("first_signup_at"),
    _time("first_conversion_at"),
    _time("first_activation_at"),
    _time("referred_at"),
    Column("referred_by_event", Uuid, comment="The earliest event with a referrer decides"),
    Column("referrer_id", Text),
    Column("source", Text),
)

Index("idx_user_journeys_first_click", user_journeys.c.first_click_at)
Index("idx_user_journeys_first_signup", user_journeys.c.first_signup_at)
Index("idx_user_journeys_referrer", user_journeys.c.referrer_id, user_journeys.c.first_signup_at)

active_weeks = Table(
    "active_weeks",
    metadata,
    Column("week", Date, primary_key=True),
    Column("person", Text, primary_key=True),
    comment="ISO weeks, by their Monday, in which a user did anything",
)

content_per_day = Table(
    "content_per_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("kind", Text, primary_key=True, comment="link, parent_share, progress_reel or study_session"),
    _count("items"),
    _count("unopened"),
    _count("participants"),
    _count("checked"),
    _count("violating"),
    comment="Items by the day of their creation, and how many of them nobody has opened yet",
)

parent_shares = Table(
    "parent_shares",
    metadata,
    Column("share_id", Text, primary_key=True),
    Column("share_type", Text),
    Column("share_data", JSONB, nullable=False),
    _count("view_count"),
    Column("actor", Text, nullable=False, server_default=text("'child'")),
    Column("media", JSONB, nullable=False, server_default=text("'[]'")),
    _time("inserted_at", nullable=False),
    Column("scanner_version", Integer, nullable=False),
    Column("violating", Boolean, nullable=False),
)
Index("idx_parent_shares_opt_out", parent_shares.c.inserted_at, parent_shares.c.view_count)

progress_reels = Table(
    "progress_reels",
    metadata,
    Column("reel_id", Text, primary_key=True),
    Column("reel_type", Text),
    Column("reel_data", JSONB, nullable=False),
    _count("view_count"),
    Column("media", JSONB, nullable=False, server_default=text("'[]'")),
    _time("inserted_at", nullable=False),
    Column("scanner_version", Integer, nullable=False),
    Column("violating", Boolean, nullable=False),
)
Index("idx_progress_reels_inserted_at", progress_reels.c.inserted_at)

study_sessions = Table(
    "study_sessions",
    metadata,
    Column("session_id", Text, primary_key=True),
    Column("participant_ids", ARRAY(Text), nullable=False),
    Column("subject", Text),
    _time("inserted_at", nullable=False),
)
Index("idx_study_sessions_inserted_at", study_sessions.c.inserted_at)

violations = Table(
    "violations",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("content_kind", Text, nullable=False, comment="parent_share or progress_reel"),
    Column("content_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("path", Text, nullable=False, comment="RFC 6901 pointer to the place"),
    Column("masked", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("scanner_version", Integer, nullable=False),
    _time("inserted_at", nullable=False),
    _time("found_at", nullable=False),
    Column("resolution", Text, comment="removed or false_positive"),
    Column("note", Text),
    Column("resolved_by", Text),
    _time("resolved_at"),
    UniqueConstraint("content_kind", "content_id", "type", "path", "masked", name="uq_violations_place"),
)
Index("idx_violations_inserted_at", violations.c.inserted_at)

health_history = Table(
    "health_history",
    metadata,
    _time("computed_at", nullable=False),
    Column("health_score", Double, nullable=False),
    Column("health_status", Text, nullable=False),
    Column("deductions", JSONB, nullable=False),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("has_data", Boolean, nullable=False, server_default=text("true")),
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
    _time("opened_at", nullable=False),
    _time("updated_at", nullable=False),
    Column("acknowledged_by", Text),
    Column("note", Text),
    _time("snoozed_until"),
    _time("resolved_at"),
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

trusted_networks = Table(
    "trusted_networks",
    metadata,
    Column("cidr", CIDR, primary_key=True),
    Column("reason", Text, nullable=False),
    _time("expires_at"),
    _time("created_at", nullable=False),
    Column("created_by", Text, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    _time("expires_at"),
    _time("revoked_at"),
)

people = Table(
    "people",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

sessions = Table(
    "sessions",
    metadata,
    Column("secret_hash", Text, primary_key=True),
    Column("person_id", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    _time("expires_at", nullable=False),
)

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", JSONB),
    Column("once_key", Text, unique=True, comment="Set where an action is noted once a person, route and hour"),
)
Index("idx_audit_entries_subject", audit_entries.c.subject, audit_entries.c.id)

report_runs = Table(
    "report_runs",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("report_type", Text, nullable=False),
    Column("period_start", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("slot", DateTime(timezone=True), comment="Set where a schedule asked for it"),
    Column("requested_by", Text, nullable=False),
    Column("recipient_emails", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("status", Text, nullable=False, comment="queued, running, ready, failed or skipped"),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("max_attempts", Integer, nullable=False),
    _time("next_attempt_at", nullable=False),
    _time("lease_until"),
    Column("token", Integer, nullable=False, server_default=text("0"), comment="Fences late workers"),
    Column("progress_pct", Integer, nullable=False, server_default=text("0")),
    Column("progress_step", Text, nullable=False, server_default=text("'queued'")),
    Column("last_error", Text),
    _time("enqueued_at"),
    Column("enqueue_count", Integer, nullable=False, server_default=text("0")),
    _time("created_at", nullable=False),
    _time("started_at"),
    _time("finished_at"),
    Column("content", JSONB, comment="The finished report"),
    Column("html", Text),
    Column("pdf", LargeBinary, comment="Rendered at the first export"),
    UniqueConstraint("report_type", "slot", name="uq_report_runs_slot"),
)
Index("idx_report_runs_created_at", report_runs.c.created_at)
Index(
    "idx_report_runs_unfinished",
    report_runs.c.next_attempt_at,
    postgresql_where=text("status IN ('queued', 'running')"),
)

job_keys = Table(
    "job_keys",
    metadata,
    Column("key", Text, primary_key=True),
    _time("asked_at", nullable=False),
    Column("answer_id", BigInteger, nullable=False),
    comment="Who asked the same within 60 s gets the same answer",
)

schedules = Table(
    "schedules",
    metadata,
    Column("report_type", Text, primary_key=True),
    _time("last_slot", nullable=False),
    comment="Up to which slot every run has been asked for",
)

batches = Table(
    "batches",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("steps", JSONB, nullable=False, comment="What each step works on, in order"),
    Column("done_steps", Integer, nullable=False, server_default=text("0")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
