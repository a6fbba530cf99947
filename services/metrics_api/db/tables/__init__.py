"""Every table, and why it exists. Times are UTC; a `day` is a UTC date."""

from metrics_api.db.tables.access import (
    audit_entries,
    password_links,
    people,
    refused_sign_ins,
    sessions,
    sign_in_failures,
    tokens,
)
from metrics_api.db.tables.columns import metadata
from metrics_api.db.tables.content import parent_shares, progress_reels, study_sessions, takedown_watch, violations
from metrics_api.db.tables.deliveries import (
    alert_news,
    deliveries,
    delivery_requests,
    notification_rules,
    subscriptions,
    suppressions,
)
from metrics_api.db.tables.events import attribution_events, attribution_links
from metrics_api.db.tables.facts import (
    BURST_SIZES,
    MAX_BURST_SECONDS,
    active_weeks,
    activity_per_referrer_day,
    bursts_per_device_day,
    clicks_per_device_day,
    clicks_per_ip_day,
    content_per_day,
    event_pii_per_day,
    fact_versions,
    link_counts,
    traffic_per_day,
    user_journeys,
)
from metrics_api.db.tables.guardrails import alerts, health_history, trusted_networks
from metrics_api.db.tables.privacy import erasures, privacy_requests, purges
from metrics_api.db.tables.work import batches, job_keys, report_runs, schedules

__all__ = [
    "BURST_SIZES",
    "MAX_BURST_SECONDS",
    "active_weeks",
    "activity_per_referrer_day",
    "alert_news",
    "alerts",
    "attribution_events",
    "attribution_links",
    "audit_entries",
    "batches",
    "bursts_per_device_day",
    "clicks_per_device_day",
    "clicks_per_ip_day",
    "content_per_day",
    "deliveries",
    "delivery_requests",
    "erasures",
    "event_pii_per_day",
    "fact_versions",
    "health_history",
    "job_keys",
    "link_counts",
    "metadata",
    "notification_rules",
    "parent_shares",
    "password_links",
    "people",
    "privacy_requests",
    "progress_reels",
    "purges",
    "refused_sign_ins",
    "report_runs",
    "schedules",
    "sessions",
    "sign_in_failures",
    "study_sessions",
    "subscriptions",
    "suppressions",
    "takedown_watch",
    "tokens",
    "traffic_per_day",
    "trusted_networks",
    "user_journeys",
    "violations",
]
