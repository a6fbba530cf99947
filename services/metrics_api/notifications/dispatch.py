"""Turns alert events into messages: all that wait for a rule become one, and only so many within a window."""

from datetime import datetime, timedelta
from typing import Any, get_args

from sqlalchemy import Connection, Row, text

from metrics_api.access.audit import save_audit_entry
from metrics_api.alerts.alert_events import is_switched_on
from metrics_api.context import Context
from metrics_api.deliveries.requests import DeliveryRequest, is_email_off, save_request
from metrics_api.deliveries.transitions import DELIVERIES
from metrics_api.notifications.calls import request_calls
from metrics_api.notifications.rules import UnknownRuleError, lock_rule
from metrics_api.settings.deliveries import DeliverySettings
from metrics_api.work.due import enqueue_due
from viral_contract.models.alerts import AlertSeverity
from viral_contract.models.deliveries import AlertEvent, DeliveryKind, Notification

_ACTOR = "notifications"
_MAX_EVENTS = 100
_WAITING_RULES = text("SELECT DISTINCT rule_id FROM alert_news WHERE request_id IS NULL ORDER BY rule_id")
_DROP = text("DELETE FROM alert_news WHERE rule_id = :rule_id AND request_id IS NULL")
_COUNT_SENT = text("""
    SELECT count(*) FROM delivery_requests
    WHERE rule_id = :rule_id AND created_at > :since AND unique_key LIKE 'news:%'
""")
# Events of an alert that was acknowledged or snoozed since are not sent; they wait until that has ended.
_WAITING = text("""
    SELECT event.id, alert_id, event.event, type, event.severity, event.message, count, event.created_at AS at
    FROM alert_news event JOIN alerts ON alerts.id = alert_id
    WHERE rule_id = :rule_id AND request_id IS NULL AND status NOT IN ('acknowledged', 'snoozed')
    ORDER BY event.id LIMIT :most
""")
_SENT = text("UPDATE alert_news SET request_id = :request_id WHERE id = ANY(:events)")


def enqueue_messages(context: Context, *, now: datetime) -> None:
    """Turn waiting alert events into messages, and other events into calls, and queue those."""
    with context.database.write() as connection:
        waiting = connection.execute(_WAITING_RULES).scalars().all()
        made = [_make_message(connection, rule_id, context, now=now) for rule_id in waiting]
        called = request_calls(connection, context, now=now)
    if any(made) or called:
        enqueue_due(context, DELIVERIES, now=now)


def _make_message(connection: Connection, rule_id: int, context: Context, *, now: datetime) -> bool:
    settings = context.settings.deliveries
    try:
        rule = lock_rule(connection, rule_id)
    except UnknownRuleError:
        return False
    if not is_switched_on(context.flags, rule_id):
        connection.execute(_DROP, {"rule_id": rule_id})
        return False
    since = now - timedelta(minutes=settings.notification_window_minutes)
    sent = connection.execute(_COUNT_SENT, {"rule_id": rule_id, "since": since}).scalar_one()
    waiting = connection.execute(_WAITING, {"rule_id": rule_id, "most": _MAX_EVENTS}).all()
    if sent >= settings.notification_burst or not waiting:
        return False
    notification = Notification(
        rule=rule.name, channel=rule.channel, news=[_format_event(row, settings) for row in waiting]
    )
    request_id = save_message(
        connection, rule, notification, context, by=_ACTOR, key=f"news:{rule_id}:{waiting[-1].id}", now=now
    )
    connection.execute(_SENT, {"request_id": request_id, "events": [row.id for row in waiting]})
    return True


def save_message(
    connection: Connection,
    rule: Row[Any],
    notification: Notification,
    context: Context,
    *,
    by: str,
    key: str | None,
    now: datetime,
) -> int:
    """Request the delivery of a rule's message; returns the request's id. An email may become a placeholder."""
    kind: DeliveryKind = "email" if rule.channel == "email" else "webhook"
    request = DeliveryRequest(
        kind=kind,
        recipients=[rule.target],
        is_placeholder=kind == "email" and is_email_off(context.flags, report_id=None, rule_id=rule.id),
        requested_by=by,
        notification=notification,
        rule_id=rule.id,
        unique_key=key,
    )
    return save_request(connection, request, domain=context.settings.deliveries.message_id_domain, now=now).request_id


def _format_event(row: Row[Any], settings: DeliverySettings) -> AlertEvent:
    fields = {name: row._mapping[name] for name in AlertEvent.model_fields if name != "url"}
    return AlertEvent(**fields, url=build_alert_url(settings, row.alert_id))


def build_guardrails_url(settings: DeliverySettings) -> str:
    """The dashboard's page of all alerts."""
    return f"{settings.public_dashboard_url.rstrip('/')}/dashboard/guardrails"


def build_alert_url(settings: DeliverySettings, alert_id: int) -> str:
    """The dashboard's page of an alert."""
    return f"{build_guardrails_url(settings)}/alert?id={alert_id}"


def save_test_message(connection: Connection, rule_id: int, context: Context, *, actor: str, now: datetime) -> int:
    """Request a message with a made-up alert event; returns the request's id. Raises UnknownRuleError."""
    rule = lock_rule(connection, rule_id)
    severity = next(each for each in get_args(AlertSeverity) if each in rule.severities)
    event = AlertEvent(
        alert_id=0,
        event="opened",
        type="no_data",
        severity=severity,
        message=f"This is a test of the rule “{rule.name}”. No action is needed.",
        count=0,
        at=now,
        # The alert is made up, so the link leads to the page of all alerts.
        url=build_guardrails_url(context.settings.deliveries),
    )
    message = Notification(rule=rule.name, channel=rule.channel, news=[event], is_test=True)
    request_id = save_message(connection, rule, message, context, by=actor, key=None, now=now)
    save_audit_entry(
        connection,
        actor=actor,
        action="test_notification_rule",
        subject=f"notification_rule:{rule_id}",
        now=now,
    )
    return request_id
