"""Events of alerts to notify about, recorded in the transaction that changes the alerts.

Each rule is notified once of an alert with its severity, again whenever the alert escalates (its severity rises, or
its count is at least twice what the rule was last notified of), and once of its end, if it was notified of the
opening or only wants ends. While someone has acknowledged or snoozed the alert, nothing is recorded.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from metrics_api.alerts.lifecycle import AlertChanges
from viral_contract.models.flags import Flag
from viral_runtime.flags.evaluate import Flags

_OVER = "Resolved automatically."
_FROM = """
    INSERT INTO alert_news (rule_id, alert_id, event, severity, count, message, created_at)
    SELECT rule.id, alerts.id, :event, alerts.severity, (alerts.evidence ->> 'count')::float,
        CAST(:said AS text) || alerts.message, :now
    FROM alerts CROSS JOIN notification_rules rule
"""
_OPENED = text(f"""
    {_FROM} WHERE rule.id = ANY(:rules) AND alerts.id = ANY(:alerts) AND severity = ANY(severities)
        AND 'alert.opened' = ANY(event_types)
""")
_ESCALATED = text(f"""
    {_FROM} CROSS JOIN LATERAL (
        SELECT severity, count FROM alert_news
        WHERE rule_id = rule.id AND alert_id = alerts.id ORDER BY id DESC LIMIT 1
    ) latest
    WHERE rule.id = ANY(:rules) AND 'alert.opened' = ANY(event_types)
        AND alerts.status = 'open' AND alerts.severity = ANY(severities) AND (
        (alerts.evidence ->> 'count')::float >= 2 * latest.count
        OR array_position(CAST(:rising AS text[]), alerts.severity)
            > array_position(CAST(:rising AS text[]), latest.severity)
    )
""")
_ENDED = text(f"""
    {_FROM} WHERE rule.id = ANY(:rules) AND alerts.id = ANY(:alerts) AND 'alert.ended' = ANY(event_types) AND (
        EXISTS (SELECT FROM alert_news WHERE rule_id = rule.id AND alert_id = alerts.id AND event = 'opened')
        OR severity = ANY(severities) AND 'alert.opened' <> ALL(event_types)
    )
""")
_RISING = ["medium", "high", "critical"]


def save_alert_events(connection: Connection, flags: Flags, changes: AlertChanges, *, now: datetime) -> None:
    """Record what an evaluation did to the alerts; evaluations take turns, so nothing is recorded twice."""
    rules = _fetch_listening(connection, flags)
    given = {"rules": rules, "now": now, "said": "", "rising": _RISING}
    # Escalations first: an alert that has just opened has not escalated.
    connection.execute(_ESCALATED, {**given, "event": "escalated"})
    opened = [alert.id for alert in changes.opened]
    connection.execute(_OPENED, {**given, "event": "opened", "alerts": opened})
    _save_ended(connection, rules, changes.resolved, _OVER, now=now)


def save_resolved(
    connection: Connection, flags: Flags, alert_id: int, *, actor: str, false_positive: bool, now: datetime
) -> None:
    """Record that a person has closed an alert. Their note is not part of any notification."""
    said = f"{actor} marked it as a false positive." if false_positive else f"{actor} resolved it."
    _save_ended(connection, _fetch_listening(connection, flags), [alert_id], said, now=now)


def is_switched_on(flags: Flags, rule_id: int | None) -> bool:
    """Whether a rule, or one yet to be created, may send notifications."""
    return flags.is_on(Flag.ALERT_NOTIFICATIONS, f"rule:{rule_id or 'new'}")


def _save_ended(
    connection: Connection, rules: Sequence[int], alerts: Sequence[int], said: str, *, now: datetime
) -> None:
    given = {"rules": rules, "alerts": list(alerts), "event": "ended", "said": f"{said} Original alert: ", "now": now}
    connection.execute(_ENDED, given)


def _fetch_listening(connection: Connection, flags: Flags) -> list[int]:
    enabled = connection.execute(text("SELECT id FROM notification_rules WHERE enabled ORDER BY id")).scalars()
    return [rule_id for rule_id in enabled if is_switched_on(flags, rule_id)]
