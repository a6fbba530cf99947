"""Investigations: an address, a device or a referrer, reached from any flagged row."""

from collections.abc import Callable
from datetime import UTC, datetime

from dash import Dash, Input, Output, html
from dash.development.base_component import Component
from flask import Flask, Response, request

from dashboard.components.card import build_blank
from dashboard.components.messages import build_failure, build_not_found
from dashboard.errors import API_FAILURES, build_error
from dashboard.export import answer_csv
from dashboard.investigations.case import build_case, find_case
from dashboard.investigations.investigation import EXPORT_PATH, build_investigation
from dashboard.links import INVESTIGATION_PATH, investigation_path
from dashboard.page import Page
from dashboard.period import InvalidPeriodError, format_query, format_search, keep_period, parse_period, read_search
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.investigations import EntityKind, Investigation
from viral_contract.models.people import Scope
from viral_contract.models.period import PeriodQuery

_VIEW = "investigation-view"
_WHAT = "IP address, device or referrer"


def build_layout(_settings: DashboardSettings) -> Component:
    """The page before its data."""
    return html.Div([build_blank(560)], id=_VIEW)


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """One callback shows the entity in the address; a plain route exports the same as CSV."""

    def show(search: str | None) -> list[Component]:
        return show_investigation(views.api_of_viewer(), search)

    app.callback(Output(_VIEW, "children"), Input("url", "search"))(show)
    _add_export(app.server, views)


def show_investigation(api: MetricsApi, search: str | None) -> list[Component]:
    """What the entity in the address did in its period."""
    named = _parse_entity(search)
    if named is None:
        return [build_not_found(_WHAT)]
    kind, identifier = named
    try:
        period = parse_period(search)
        found = _FETCH[kind](api, identifier, period)
    except (InvalidPeriodError, *API_FAILURES) as error:
        here, cleared = (investigation_path(kind, identifier, kept) for kept in (keep_period(search), ""))
        return [build_failure(error, here, cleared=cleared, what=_WHAT)]
    case = find_case(api, found.entity, identifier)
    may_decide = current_viewer().may(Scope.CASES_WRITE)
    about_case = build_case(case, may_decide=may_decide, now=datetime.now(UTC)) if case else []
    return build_investigation(found, identifier, format_search(period), about_case)


_FETCH: dict[EntityKind, Callable[[MetricsApi, str, PeriodQuery], Investigation]] = {
    "ip_address": lambda api, identifier, period: api.fetch_ip_investigation(identifier, **format_query(period)),
    "device": lambda api, identifier, period: api.fetch_device_investigation(identifier, **format_query(period)),
    "referrer": lambda api, identifier, period: api.fetch_referrer_investigation(identifier, **format_query(period)),
}


def _parse_entity(search: str | None) -> tuple[EntityKind, str] | None:
    query = read_search(search)
    kind, identifier = query.get("kind", ""), query.get("id", "")
    return (kind, identifier) if kind in _FETCH and identifier else None


def _add_export(server: Flask, views: SharedViews) -> None:
    @server.get(EXPORT_PATH, endpoint="export_investigation")
    def export() -> Response:
        search = "?" + request.query_string.decode()
        named = _parse_entity(search)
        if named is None:
            return build_error(
                404, "not_found", "Nothing to export", "The link doesn't include an IP address, device or referrer."
            )
        kind, identifier = named

        def build() -> tuple[str, bytes]:
            query = format_query(parse_period(search))
            return "investigation.csv", views.api_of_viewer().export_investigation(kind, identifier, **query)

        return answer_csv(build)


PAGE = Page(INVESTIGATION_PATH, "Investigation", build_layout, add_callbacks)
