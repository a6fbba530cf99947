"""Actions of people on alerts, each audited."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from metrics_api.access.audit import save_audit_entry
from metrics_api.alerts.alert_events import save_resolved
from metrics_api.alerts.lifecycle import UNRESOLVED
from metrics_api.alerts.listing import format_subject
from metrics_api.alerts.rules import ALERT_DAYS
from metrics_api.db.tables import alerts
from viral_contract.models.alerts import AlertAction
from viral_contract.models.period import Period
from viral_runtime.flags.evaluate import Flags


class UnknownAlertError(Exception):
    """There is no alert with this id."""


class AlertEndedError(Exception):
    """The alert is already resolved or a false positive; `status` says which."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


def save_acknowledgement(connection: Connection, alert_id: int, *, actor: str, note: str | None, now: datetime) -> None:
    """Acknowledge the alert; it stays acknowledged while it lasts.

    Raises UnknownAlertError or AlertEndedError.
    """
    values = {"status": "acknowledged", "acknowledged_by": actor, "note": note, "snoozed_until": None}
    change = _save(connection, alert_id, values, now=now)
    _note_action(connection, alert_id, "acknowledge_alert", {"note": note}, change, actor=actor, now=now)


def save_snooze(connection: Connection, alert_id: int, *, actor: str, until: datetime, now: datetime) -> None:
    """Snooze the alert: the first evaluation from `until` on reopens it, if it still lasts.

    Raises UnknownAlertError or AlertEndedError.
    """
    change = _save(connection, alert_id, {"status": "snoozed", "snoozed_until": until}, now=now)
    _note_action(connection, alert_id, "snooze_alert", {"until": until.isoformat()}, change, actor=actor, now=now)


def save_resolution(
    connection: Connection,
    alert_id: int,
    flags: Flags,
    *,
    actor: str,
    note: str | None,
    false_positive: bool,
    now: datetime,
) -> None:
    """Resolve the alert. If its cause lasts, the next evaluation opens another one, unless this was a false positive.

    Raises UnknownAlertError or AlertEndedError.
    """
    status = "false_positive" if false_positive else "resolved"
    action: AlertAction = "call_alert_false_positive" if false_positive else "resolve_alert"
    ended = {"resolved_at": now, "resolved_by": actor, "snoozed_until": None}
    change = _save(connection, alert_id, {"status": status, "note": note, **ended}, now=now)
    save_resolved(connection, flags, alert_id, actor=actor, false_positive=false_positive, now=now)
    _note_action(connection, alert_id, action, {"note": note}, change, actor=actor, now=now)


def save_passing(
    connection: Connection, alert_id: int, period: Period, *, actor: str, note: str | None, now: datetime
) -> None:
    """Snooze the alert until no date of its period is evaluated anymore: then it ends, unless there are new findings.

    Raises UnknownAlertError or AlertEndedError.
    """
    until = max(period.ends_before + timedelta(days=ALERT_DAYS - 1), now + timedelta(minutes=1))
    change = _save(connection, alert_id, {"status": "snoozed", "snoozed_until": until, "note": note}, now=now)
    details = {"until": until.isoformat(), "note": note}
    _note_action(connection, alert_id, "snooze_alert", details, change, actor=actor, now=now)


def save_reopening(connection: Connection, alert_id: int, *, actor: str, note: str | None, now: datetime) -> None:
    """Reopen a false positive: the alert is open again, and its evidence can open alerts again.

    Raises UnknownAlertError, or AlertEndedError if it was not one, or another alert of its type has opened since.
    """
    row = connection.execute(select(alerts).where(alerts.c.id == alert_id).with_for_update()).one_or_none()
    if row is None:
        raise UnknownAlertError
    others = select(alerts.c.id).where(alerts.c.type == row.type, alerts.c.status.in_(UNRESOLVED))
    if row.status != "false_positive" or connection.execute(others.limit(1)).scalar_one_or_none() is not None:
        raise AlertEndedError(row.status)
    values = {"status": "open", "resolved_at": None, "resolved_by": None, "acknowledged_by": None, "note": note}
    connection.execute(update(alerts).where(alerts.c.id == alert_id).values(**values, updated_at=now))
    change = ("false_positive", "open")
    _note_action(connection, alert_id, "reopen_alert", {"note": note}, change, actor=actor, now=now)


def _save(connection: Connection, alert_id: int, values: Mapping[str, object], *, now: datetime) -> tuple[str, str]:
    """Change an unresolved alert; returns its status before and after."""
    statement = select(alerts.c.status).where(alerts.c.id == alert_id)
    status = connection.execute(statement.with_for_update()).scalar_one_or_none()
    if status is None:
        raise UnknownAlertError
    if status not in UNRESOLVED:
        raise AlertEndedError(status)
    connection.execute(update(alerts).where(alerts.c.id == alert_id).values(**values, updated_at=now))
    return status, str(values["status"])


def _note_action(
    connection: Connection,
    alert_id: int,
    action: AlertAction,
    details: Mapping[str, object],
    change: tuple[str, str],
    *,
    actor: str,
    now: datetime,
) -> None:
    before, after = change
    save_audit_entry(
        connection,
        actor=actor,
        action=action,
        subject=format_subject(alert_id),
        details=details,
        before={"status": before},
        after={"status": after},
        now=now,
    )
