"""The product's own events, logged and counted by one function.

docs/metrics.md explains them. Without Flask, so that workers can use it.
"""

import math
from itertools import product
from typing import Any, Literal, get_args

import structlog
from prometheus_client import Counter, Gauge, Histogram

from viral_contract.models.alerts import AlertSeverity, AlertType

EventName = Literal[
    "viral_engine.guardrails.health_score",
    "viral_engine.guardrails.fraud_detected",
    "viral_engine.guardrails.bot_detected",
    "viral_engine.guardrails.alert_opened",
    "viral_engine.reports.generation_started",
    "viral_engine.reports.generation_completed",
    "viral_engine.reports.generation_failed",
    "viral_engine.reports.restated",
    "viral_engine.email.delivery_started",
    "viral_engine.email.delivery_completed",
    "viral_engine.email.delivery_failed",
    "viral_engine.webhooks.delivery_started",
    "viral_engine.webhooks.delivery_completed",
    "viral_engine.webhooks.delivery_failed",
]

DURATIONS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
"""Histogram buckets in seconds, for work that takes from moments to minutes."""
_EVENTS = Counter("viral_engine_events", "Events that were recorded, by name", ["event"])
_ALERT_LABELS = ("type", "severity")
_ALERTS = Counter("viral_engine_alerts_opened", "Alerts that were opened", _ALERT_LABELS)
_EMAILS = Counter("viral_engine_email_attempts", "Attempts to deliver an email that ended", ["status"]), ("status",)
_WEBHOOKS = Counter("viral_engine_webhook_attempts", "Attempts to call a webhook that ended", ["status"]), ("status",)
_COUNTED = {
    "viral_engine.guardrails.alert_opened": (_ALERTS, _ALERT_LABELS),
    "viral_engine.email.delivery_completed": _EMAILS,
    "viral_engine.email.delivery_failed": _EMAILS,
    "viral_engine.webhooks.delivery_completed": _WEBHOOKS,
    "viral_engine.webhooks.delivery_failed": _WEBHOOKS,
}
_MEASURED = {
    "viral_engine.guardrails.health_score": (
        Gauge(
            "viral_engine_health_score", "Health score of the last evaluation, 0 to 100", multiprocess_mode="mostrecent"
        ),
        "score",
    ),
    "viral_engine.guardrails.fraud_detected": (
        Gauge(
            "viral_engine_flagged_ips", "Flagged IP addresses at the last evaluation", multiprocess_mode="mostrecent"
        ),
        "flagged_ips",
    ),
    "viral_engine.guardrails.bot_detected": (
        Gauge("viral_engine_flagged_devices", "Flagged devices at the last evaluation", multiprocess_mode="mostrecent"),
        "flagged_devices",
    ),
}
_TIMED = {
    "viral_engine.reports.generation_completed": Histogram(
        "viral_engine_report_generation_seconds",
        "From the claim of a report's run to its stored report",
        buckets=DURATIONS,
    ),
    "viral_engine.email.delivery_completed": Histogram(
        "viral_engine_email_delivery_seconds",
        "From the claim of an email to what the mail server said",
        buckets=DURATIONS,
    ),
    "viral_engine.webhooks.delivery_completed": Histogram(
        "viral_engine_webhook_delivery_seconds", "From the claim of a webhook's call to its answer", buckets=DURATIONS
    ),
}
# rate() must see a counter at 0 before its first event.
for _name in get_args(EventName):
    _EVENTS.labels(event=_name)
for _labels in product(get_args(AlertType), get_args(AlertSeverity)):
    _ALERTS.labels(*_labels)
# A score of 0 would raise an alarm, so there is no number before the first measurement.
for _gauge, _field in _MEASURED.values():
    _gauge.set(math.nan)
_log = structlog.get_logger()


def record_event(name: EventName, **fields: Any) -> None:
    """Log the event with its fields, count it, and expose its number or time at `/metrics`."""
    _log.info(name, **fields)
    _EVENTS.labels(event=name).inc()
    if name in _COUNTED:
        counter, labels = _COUNTED[name]
        counter.labels(*(fields[label] for label in labels)).inc()
    if name in _MEASURED:
        gauge, field = _MEASURED[name]
        gauge.set(fields[field])
    if name in _TIMED:
        _TIMED[name].observe(fields["duration_ms"] / 1000)
