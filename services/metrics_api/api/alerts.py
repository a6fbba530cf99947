"""Alerts, and what people do with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus

from sqlalchemy import Connection

from metrics_api.api.authentication import current_principal
from metrics_api.api.problems import ProblemError, not_found
from metrics_api.api.readings import read_page
from metrics_api.api.requests import AlertsQuery
from metrics_api.api.routing import ROW_ID, Resource
from metrics_api.api.services import services
from metrics_api.api.telling import tell_waiting_news
from metrics_api.db.paging import Page, encode_cursor
from metrics_api.scoring import alerts as listing
from metrics_api.scoring.alert_actions import (
    AlertEndedError,
    UnknownAlertError,
    save_acknowledgement,
    save_resolution,
    save_snooze,
)
from metrics_api.scoring.alert_evaluation import build_recent_reading
from metrics_api.scoring.evaluation import fetch_health
from viral_engine.contract.alerts import (
    Acknowledgement,
    AlertDetail,
    AlertQuality,
    AlertsAnswer,
    Resolution,
    Snooze,
)
from viral_engine.contract.people import Scope
from viral_engine.contract.problem import Problem

alerts = Resource("alerts")
# A larger number is no alert of ours, and the database could not read it.
_ALERT = f"/v1/alerts/<{ROW_ID}:alert_id>"
_NO_ROWS = Page(limit=1)


@alerts.route("GET", "/v1/alerts", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: AlertsAnswer})
def get_alerts(query: AlertsQuery) -> AlertsAnswer:
    """Alerts of one status, the most severe first, with the health score of the last 7 dates."""
    shared, page = services(), read_page(query, listing.CURSOR)
    recent = build_recent_reading(shared.detection, shared.references, _NO_ROWS, now=datetime.now(UTC))
    with shared.database.read() as connection:
        found, last = listing.fetch_alerts(connection, query.status, page)
        health = fetch_health(connection, recent)
        return AlertsAnswer(
            total_alerts=listing.count_alerts(connection, query.status),
            alerts=found,
            health_score=health.health_score,
            health_status=health.health_status,
            next_cursor=last and encode_cursor(shared.references, listing.CURSOR, last),
        )


@alerts.route("GET", "/v1/alerts/quality", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: AlertQuality})
def get_alert_quality() -> AlertQuality:
    """How many alerts of each type were opened, and how many of them were false."""
    with services().database.read() as connection:
        return listing.fetch_quality(connection)


@alerts.route("GET", _ALERT, scope=Scope.METRICS_READ, answers={HTTPStatus.OK: AlertDetail})
def get_alert(alert_id: int) -> AlertDetail:
    """One alert with everything that people did with it."""
    with services().database.read() as connection:
        return _fetch(connection, alert_id)


@alerts.route(
    "POST",
    f"{_ALERT}/acknowledge",
    scope=Scope.ALERTS_WRITE,
    answers={HTTPStatus.OK: AlertDetail, HTTPStatus.CONFLICT: Problem},
)
def acknowledge_alert(alert_id: int, body: Acknowledgement) -> AlertDetail:
    """Say that somebody takes care of it; it stays acknowledged while it lasts."""
    with _acting_on(alert_id) as (connection, actor, now):
        save_acknowledgement(connection, alert_id, actor=actor, note=body.note, now=now)
        return _fetch(connection, alert_id)


@alerts.route(
    "POST",
    f"{_ALERT}/snooze",
    scope=Scope.ALERTS_WRITE,
    answers={HTTPStatus.OK: AlertDetail, HTTPStatus.CONFLICT: Problem},
)
def snooze_alert(alert_id: int, body: Snooze) -> AlertDetail:
    """Put it off until a time; if it still lasts then, it is open again."""
    with _acting_on(alert_id) as (connection, actor, now):
        save_snooze(connection, alert_id, actor=actor, until=body.until, now=now)
        return _fetch(connection, alert_id)


@alerts.route(
    "POST",
    f"{_ALERT}/resolve",
    scope=Scope.ALERTS_WRITE,
    answers={HTTPStatus.OK: AlertDetail, HTTPStatus.CONFLICT: Problem},
)
def resolve_alert(alert_id: int, body: Resolution) -> AlertDetail:
    """End it, as over or as a false positive."""
    flags, false_positive = services().flags, body.false_positive
    with _acting_on(alert_id) as (connection, actor, now):
        save_resolution(
            connection, alert_id, flags, actor=actor, note=body.note, false_positive=false_positive, now=now
        )
        ended = _fetch(connection, alert_id)
    tell_waiting_news()
    return ended


@contextmanager
def _acting_on(alert_id: int) -> Iterator[tuple[Connection, str, datetime]]:
    """A transaction, who acts and when. Raises ProblemError 404 and 409 for what cannot be done."""
    try:
        with services().database.write() as connection:
            yield connection, current_principal().name, datetime.now(UTC)
    except UnknownAlertError as error:
        raise not_found(f"alert {alert_id}") from error
    except AlertEndedError as error:
        was = "called a false positive" if error.status == "false_positive" else "resolved"
        raise ProblemError(HTTPStatus.CONFLICT, "alert_ended", f"Alert {alert_id} was {was} already.") from error


def _fetch(connection: Connection, alert_id: int) -> AlertDetail:
    alert = listing.fetch_alert(connection, alert_id)
    if alert is None:
        raise not_found(f"alert {alert_id}")
    return alert
