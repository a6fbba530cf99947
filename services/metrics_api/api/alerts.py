"""Alerts, and actions on them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from flask import request
from pydantic import AfterValidator, Field
from sqlalchemy import Connection

from metrics_api.access.identifiers import Identifiers
from metrics_api.alerts import listing
from metrics_api.alerts.actions import (
    AlertEndedError,
    UnknownAlertError,
    save_acknowledgement,
    save_passing,
    save_reopening,
    save_resolution,
    save_snooze,
)
from metrics_api.alerts.evaluate import build_recent_query
from metrics_api.api.authentication import current_principal
from metrics_api.api.context import current_context
from metrics_api.api.enqueue import enqueue_alert_messages
from metrics_api.api.problems import ProblemError, not_found
from metrics_api.api.queries import ListQuery, build_identifiers, note_look, read_page
from metrics_api.api.routing import ROW_ID, Resource
from metrics_api.db.paging import Page, encode_cursor
from metrics_api.health.evaluation import fetch_health
from metrics_api.health.history import fetch_newest_point
from viral_contract.models.alerts import (
    Acknowledgement,
    AlertDetail,
    AlertQuality,
    AlertsAnswer,
    AlertSeverity,
    AlertSort,
    AlertType,
    Reopening,
    Resolution,
    Snooze,
    StatusFilter,
)
from viral_contract.models.flagged import SortOrder
from viral_contract.models.people import Scope
from viral_contract.models.period import PeriodQuery
from viral_contract.models.problem import Problem
from viral_contract.models.values import CONTROL_FREE, check_text

alerts = Resource("alerts")
# The range of the id's column.
_ALERT = f"/v1/alerts/<{ROW_ID}:alert_id>"
_NO_ROWS = Page(limit=1)
_SCORE_HOLDS = timedelta(minutes=5)
"""Evaluations run every minute; without one for this long, the score is computed for the request."""


class AlertsQuery(PeriodQuery, ListQuery):
    """Query of the list of alerts; without a period, of all time."""

    status: StatusFilter = Field("open", description="open includes acknowledged, ended is resolved or false positive")
    type: AlertType | None = None
    severity: AlertSeverity | None = None
    sort: AlertSort = "severity"
    order: SortOrder | None = Field(None, description="Most severe and newest first if absent; types from a to z")
    q: Annotated[str, Field(max_length=128), AfterValidator(check_text), CONTROL_FREE] | None = Field(
        None, description="Part of the message, the note or a name"
    )


@dataclass(frozen=True)
class _Action:
    """What an action on an alert needs: the transaction, the actor, the time, and how they see identifiers."""

    connection: Connection
    actor: str
    now: datetime
    identifiers: Identifiers

    def fetch(self, alert_id: int) -> AlertDetail:
        """The alert after the action. Raises ProblemError 404."""
        return _fetch(self.connection, alert_id, self.identifiers)


@alerts.route("GET", "/v1/alerts", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: AlertsAnswer})
def get_alerts(query: AlertsQuery, connection: Connection) -> AlertsAnswer:
    """List alerts by status, most severe first or in another order, with the health score of the last 7 days."""
    context, now, order = current_context(), datetime.now(UTC), listing.Order(query.sort, query.order)
    page = read_page(query, order.cursor)
    recent = build_recent_query(context, _NO_ROWS, now=now)
    wanted, identifiers = _parse_wanted(query, now), build_identifiers()
    note_look(connection)
    found, last = listing.fetch_alerts(connection, wanted, order, page)
    basis = recent.settings.health_score_basis
    newest = fetch_newest_point(connection, basis, since=now - _SCORE_HOLDS) or fetch_health(connection, recent)
    return AlertsAnswer(
        total_alerts=listing.count_alerts(connection, wanted),
        alerts=[listing.show_evidence(alert, identifiers) for alert in found],
        health_score=newest.health_score,
        health_status=newest.health_status,
        next_cursor=last and encode_cursor(context.references, order.cursor, last),
    )


def _parse_wanted(query: AlertsQuery, now: datetime) -> listing.Wanted:
    period = query.period(now=now, default_days=1) if query.days or query.start else None
    return listing.Wanted(query.status, query.type, query.severity, period, query.q)


@alerts.route("GET", "/v1/alerts/quality", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: AlertQuality})
def get_alert_quality(connection: Connection) -> AlertQuality:
    """Get how many alerts of each type were opened and how many were false positives."""
    return listing.fetch_quality(connection)


@alerts.route("GET", _ALERT, scope=Scope.METRICS_READ, answers={HTTPStatus.OK: AlertDetail})
def get_alert(alert_id: int, connection: Connection) -> AlertDetail:
    """Get an alert with its history of actions."""
    identifiers = build_identifiers()
    note_look(connection)
    return _fetch(connection, alert_id, identifiers)


@alerts.route(
    "POST",
    f"{_ALERT}/acknowledge",
    scope=Scope.ALERTS_WRITE,
    answers={HTTPStatus.OK: AlertDetail, HTTPStatus.CONFLICT: Problem},
)
def acknowledge_alert(alert_id: int, body: Acknowledgement) -> AlertDetail:
    """Acknowledge an alert. It stays acknowledged until it resolves."""
    with _acting_on(alert_id) as act:
        save_acknowledgement(act.connection, alert_id, actor=act.actor, note=body.note, now=act.now)
        return act.fetch(alert_id)


@alerts.route(
    "POST",
    f"{_ALERT}/snooze",
    scope=Scope.ALERTS_WRITE,
    answers={HTTPStatus.OK: AlertDetail, HTTPStatus.CONFLICT: Problem},
)
def snooze_alert(alert_id: int, body: Snooze) -> AlertDetail:
    """Snooze an alert until a time. If its cause is still there, it opens again."""
    with _acting_on(alert_id) as act:
        save_snooze(act.connection, alert_id, actor=act.actor, until=body.until, now=act.now)
        return act.fetch(alert_id)


@alerts.route(
    "POST",
    f"{_ALERT}/resolve",
    scope=Scope.ALERTS_WRITE,
    answers={HTTPStatus.OK: AlertDetail, HTTPStatus.CONFLICT: Problem},
)
def resolve_alert(alert_id: int, body: Resolution) -> AlertDetail:
    """Resolve an alert, or mark it as a false positive."""
    if body.until_period_passed:
        return _put_off(alert_id, body)
    flags, false_positive = current_context().flags, body.false_positive
    with _acting_on(alert_id) as act:
        save_resolution(
            act.connection,
            alert_id,
            flags,
            actor=act.actor,
            note=body.note,
            false_positive=false_positive,
            now=act.now,
        )
        ended = act.fetch(alert_id)
    enqueue_alert_messages()
    return ended


def _put_off(alert_id: int, body: Resolution) -> AlertDetail:
    with _acting_on(alert_id) as act:
        period = act.fetch(alert_id).evidence.period
        save_passing(act.connection, alert_id, period, actor=act.actor, note=body.note, now=act.now)
        return act.fetch(alert_id)


@alerts.route(
    "POST",
    f"{_ALERT}/reopen",
    scope=Scope.ALERTS_WRITE,
    answers={HTTPStatus.OK: AlertDetail, HTTPStatus.CONFLICT: Problem},
)
def reopen_alert(alert_id: int, body: Reopening) -> AlertDetail:
    """Reopen a false positive; 409 if it is not one, or another alert of its type has opened since."""
    with _acting_on(alert_id) as act:
        save_reopening(act.connection, alert_id, actor=act.actor, note=body.note, now=act.now)
        return act.fetch(alert_id)


@contextmanager
def _acting_on(alert_id: int) -> Iterator[_Action]:
    """An action in its transaction. Raises ProblemError 404 and 409 if it is not possible."""
    now = datetime.now(UTC)
    try:
        with current_context().database.write() as connection:
            note_look(connection)
            yield _Action(connection, current_principal().name, now, build_identifiers())
    except UnknownAlertError as error:
        raise not_found(f"alert {alert_id}") from error
    except AlertEndedError as error:
        raise ProblemError(HTTPStatus.CONFLICT, "alert_ended", _explain(alert_id, error.status)) from error


def _explain(alert_id: int, status: str) -> str:
    if request.path.endswith("/reopen"):
        return f"Alert {alert_id} is not a false positive, or another alert of its type has opened since."
    was = "marked as a false positive" if status == "false_positive" else "resolved"
    return f"Alert {alert_id} was already {was}."


def _fetch(connection: Connection, alert_id: int, identifiers: Identifiers) -> AlertDetail:
    alert = listing.fetch_alert(connection, alert_id)
    if alert is None:
        raise not_found(f"alert {alert_id}")
    return listing.show_evidence(alert, identifiers)
