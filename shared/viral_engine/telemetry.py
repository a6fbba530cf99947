"""The events that the product reports about itself, each logged and counted by one function.

Names and meanings are in docs/metrics.md. Without Flask, so that workers can use it.
"""

import math
from typing import Any, Literal

import structlog
from prometheus_client import Counter, Gauge, Histogram

EventName = Literal[
    "viral_engine.guardrails.health_score",
    "viral_engine.guardrails.fraud_detected",
    "viral_engine.guardrails.bot_detected",
    "viral_engine.guardrails.alert_opened",
    "viral_engine.reports.generation_started",
    "viral_engine.reports.generation_completed",
    "viral_engine.reports.generation_failed",
    "viral_engine.email.delivery_started",
    "viral_engine.email.delivery_completed",
    "viral_engine.email.delivery_failed",
    "viral_engine.webhooks.delivery_started",
    "viral_engine.webhooks.delivery_completed",
    "viral_engine.webhooks.delivery_failed",
]

_EVENTS = Counter("viral_engine_events", "Events that were recorded, by name", ["event"])
_ALERT_LABELS = ("type", "severity")
_COUNTED = {
    "viral_engine.guardrails.alert_opened": (
        Counter("viral_engine_alerts_opened", "Alerts that were opened", _ALERT_LABELS),
        _ALERT_LABELS,
    ),
}
_MEASURED = {
    "viral_engine.guardrails.health_score": (
        Gauge("viral_engine_health_score", "Health score of the last evaluation, 0 to 100"),
        "score",
    ),
    "viral_engine.guardrails.fraud_detected": (
        Gauge("viral_engine_flagged_ips", "Flagged IP addresses at the last evaluation"),
        "flagged_ips",
    ),
    "viral_engine.guardrails.bot_detected": (
        Gauge("viral_engine_flagged_devices", "Flagged devices at the last evaluation"),
        "flagged_devices",
    ),
}
_TIMED = {
    "viral_engine.reports.generation_completed": Histogram(
        "viral_engine_report_generation_seconds", "From the claim of a report's run to its stored report"
    ),
}
# A score of 0 would be an alarm; until something is measured there is no number.
for _gauge, _field in _MEASURED.values():
    _gauge.set(math.nan)
_log = structlog.get_logger()


def record_event(name: EventName, **fields: Any) -> None:
    """Log the event with its fields, count it, and show its number or time at `/metrics`."""
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
