"""A message by which an admin tries a rule."""

from datetime import datetime
from typing import get_args

from sqlalchemy import Connection

from metrics_api.access.audit import save_audit_entry
from metrics_api.context import Context
from metrics_api.notifications.dispatch import build_guardrails_url, save_message
from metrics_api.notifications.rules import lock_rule
from viral_contract.models.alerts import AlertSeverity
from viral_contract.models.deliveries import AlertEvent, Notification


def save_test_message(connection: Connection, rule_id: int, context: Context, *, actor: str, now: datetime) -> int:
    """Request a message with a made-up alert event; the request's id. Raises UnknownRuleError."""
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
        # There is no such alert, so the link leads to the page of all.
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
