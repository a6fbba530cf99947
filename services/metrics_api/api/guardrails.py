"""Reads of the guardrails."""

from datetime import UTC, datetime
from http import HTTPStatus

from flask import request

from metrics_api.access.audit import note_look_at_identifiers
from metrics_api.api.authentication import current_principal
from metrics_api.api.problems import invalid
from metrics_api.api.requests import BotQuery, FraudQuery, HealthQuery, ListQuery
from metrics_api.api.routing import Resource
from metrics_api.api.services import services
from metrics_api.db.paging import InvalidCursorError, Page, decode_cursor
from metrics_api.detection import bots, fraud
from metrics_api.detection.context import Identifiers, Reading
from metrics_api.scoring.evaluation import fetch_health
from viral_engine.contract.guardrails import BotAnswer, FraudAnswer, HealthAnswer
from viral_engine.contract.people import Scope
from viral_engine.contract.period import PeriodQuery
from viral_engine.contract.problem import FieldError
from viral_engine.contract.thresholds import Overrides

guardrails = Resource("guardrails")
_COMPONENT_ROWS = Page(limit=10)


@guardrails.route("GET", "/v1/guardrails/fraud", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: FraudAnswer})
def get_fraud(query: FraudQuery) -> FraudAnswer:
    """Addresses with more clicks on one UTC day than the threshold."""
    default_days = services().detection.fraud_ip_click_window_days
    reading = _reading(query, query, _page(query, fraud.CURSOR), default_days=default_days)
    with services().database.read() as connection:
        return fraud.fetch_fraud(connection, reading)


@guardrails.route("GET", "/v1/guardrails/bots", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: BotAnswer})
def get_bots(query: BotQuery) -> BotAnswer:
    """Devices that made several clicks within seconds."""
    reading = _reading(query, query, _page(query, bots.CURSOR))
    with services().database.read() as connection:
        return bots.fetch_bots(connection, reading)


@guardrails.route("GET", "/v1/guardrails/health", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: HealthAnswer})
def get_health(query: HealthQuery) -> HealthAnswer:
    """The health score, itemised, with the first rows of every detector."""
    with services().database.read() as connection:
        return fetch_health(connection, _reading(query, query, _COMPONENT_ROWS))


def _reading(period: PeriodQuery, overrides: Overrides, page: Page, *, default_days: int = 7) -> Reading:
    now = datetime.now(UTC)
    try:
        settings = overrides.apply_to(services().detection)
    except ValueError as error:
        raise invalid([FieldError(pointer="#health_status_excellent", detail=str(error))]) from error
    return Reading(
        period=period.period(now=now, default_days=default_days),
        settings=settings,
        now=now,
        identifiers=_identifiers(now),
        page=page,
    )


def _identifiers(now: datetime) -> Identifiers:
    principal = current_principal()
    if principal.sees_identifiers:
        note_look_at_identifiers(services().database, principal.name, str(request.url_rule), now=now)
    return Identifiers(services().references, principal.sees_identifiers)


def _page(query: ListQuery, name: str) -> Page:
    if query.cursor is None:
        return Page(query.limit)
    try:
        return Page(query.limit, decode_cursor(services().references, name, query.cursor))
    except InvalidCursorError as error:
        raise invalid([FieldError(pointer="#cursor", detail=str(error))]) from error
