"""Deliveries as workers claim them, and the report and the alert events that they carry."""

from datetime import UTC, datetime
from typing import Any

from report_worker.insights import write_insights
from report_worker.recommendations import write_recommendations
from tests.support.report_facts import build_facts
from viral_contract.models.deliveries import AlertEvent, DeliveryClaimed, Notification
from viral_contract.models.reports import Report, ReportFacts

AT = datetime(2026, 3, 9, 9, 0, 5, tzinfo=UTC)
REPORT_URL = "https://dashboard.example/dashboard/reports/7"
UNSUBSCRIBE_URL = "https://dashboard.example/unsubscribe?token=" + "abcDEF123-_." * 20


def build_report(facts: ReportFacts | None = None) -> Report:
    """A finished weekly report."""
    facts = facts or build_facts()
    return Report(
        id=7,
        report_type=facts.report_type,
        period_start=facts.period_start,
        period_end=facts.period_end,
        status="ready",
        progress_pct=100,
        progress_step="ready",
        attempt=1,
        max_attempts=3,
        last_error=None,
        requested_by="ana",
        created_at=AT,
        finished_at=AT,
        k_factor=facts.current.k_factor,
        k_factor_trend=facts.k_factor_trend,
        health_score=facts.health_score,
        delivery_status="in_progress",
        insights=write_insights(facts),
        recommendations=write_recommendations(facts),
        written_by="rules",
        facts=facts,
    )


def build_alert_event(**fields: Any) -> AlertEvent:
    """A new alert of high severity."""
    event: dict[str, Any] = {
        "alert_id": 3,
        "event": "opened",
        "type": "fraud_detection",
        "severity": "high",
        "message": "14 IP addresses were flagged",
        "count": 14,
        "at": AT,
        "url": "https://dashboard.example/dashboard/alerts/3",
    }
    return AlertEvent(**event | fields)


def build_notification(*events: AlertEvent, **fields: Any) -> Notification:
    """A notification of one alert event, or of those given."""
    return Notification(
        **{"rule": "On call", "channel": "email", "news": list(events) or [build_alert_event()]} | fields
    )


def build_claim(**fields: Any) -> DeliveryClaimed:
    """An email of a report to Ann."""
    claim: dict[str, Any] = {
        "delivery_id": 5,
        "token": 2,
        "attempt": 1,
        "kind": "email",
        "recipient": "ann@school.example",
        "is_placeholder": False,
        "message_id": "<5.0c1d2e3f405162738495a6b7c8d9e0f1@a-rather-long-name.viral-guardrails.example>",
        "lease_seconds": 30,
        "unsubscribe_url": None,
        "signing_secret": None,
        "report": None if "notification" in fields else build_report(),
        "report_url": REPORT_URL,
        "notification": None,
    }
    return DeliveryClaimed(**claim | fields)
