"""Pages that list all flagged traffic of a period, some rows at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import parse_qs, urlencode

import structlog
from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard.components import bots, fraud
from dashboard.components.card import build_blank
from dashboard.components.messages import build_invalid_period, build_unavailable
from dashboard.components.page_header import build_page_header
from dashboard.data import SharedViews
from dashboard.errors import API_FAILURES
from dashboard.formats import format_clock, format_period
from dashboard.pages.page import Page
from dashboard.period import InvalidPeriodError, Query, format_query, format_search, parse_period
from viral_engine.client import MetricsApi
from viral_engine.contract.guardrails import BotAnswer, FraudAnswer
from viral_engine.settings import DashboardSettings

ROWS = 50
_log = structlog.get_logger()
Flagged = TypeVar("Flagged", FraudAnswer, BotAnswer)


@dataclass(frozen=True)
class FlaggedList(Generic[Flagged]):
    """A list of flagged traffic: where it stands, who answers it, and how an answer is drawn."""

    path: str
    slug: str
    title: str
    fetch: Callable[[MetricsApi, Query], Flagged]
    build_rows: Callable[[Flagged, str], list[Component]]


def build_page(flagged: FlaggedList[Flagged]) -> Page:
    """The page of a list."""

    def build_layout(_settings: DashboardSettings) -> Component:
        return html.Div(
            [build_page_header(flagged.title, "", [html.P("Loading")]), _build_card(flagged.slug, [build_blank(640)])],
            id=flagged.slug,
        )

    def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
        def fill_page(search: str | None) -> list[Component]:
            return fill(flagged, views, search)

        app.callback(Output(flagged.slug, "children"), Input("url", "search"))(fill_page)

    return Page(flagged.path, flagged.title, build_layout, add_callbacks)


def fill(flagged: FlaggedList[Flagged], views: SharedViews, search: str | None) -> list[Component]:
    """The rows of the period, and from the cursor, that the address names."""
    try:
        period_search = format_search(parse_period(search))
    except InvalidPeriodError as error:
        return [build_invalid_period(str(error), flagged.path)]
    query: Query = {**format_query(parse_period(search)), "limit": ROWS, **_format_cursor(search)}
    try:
        return views.get(
            (flagged.path, *query.items()),
            lambda api: build_list(flagged, flagged.fetch(api, query), period_search),
        )
    except API_FAILURES as error:
        _log.warning("list_failed", page=flagged.path, reason=str(error))
        return [build_unavailable(flagged.path + period_search)]


def build_list(flagged: FlaggedList[Flagged], answer: Flagged, search: str) -> list[Component]:
    """The list from one answer of the API; `search` is the period in links."""
    summary = [html.P(f"{format_period(answer.period)} · as of {format_clock(answer.computed_at)}")]
    more: list[Component] = []
    if answer.next_cursor:
        href = f"{flagged.path}{search}&{urlencode({'cursor': answer.next_cursor})}"
        more = [dcc.Link(f"Next {ROWS} rows", href=href, className="button")]
    return [
        build_page_header(flagged.title, search, summary),
        _build_card(flagged.slug, [*flagged.build_rows(answer, search), *more]),
    ]


def _build_card(slug: str, body: list[Component]) -> Component:
    return html.Div(html.Div(body, className=f"card card-list card-{slug}"), className="cards")


def _format_cursor(search: str | None) -> Query:
    cursors = parse_qs((search or "").removeprefix("?")).get("cursor", [])
    return {"cursor": cursors[-1]} if cursors else {}


FLAGGED_IPS = build_page(
    FlaggedList(
        path=fraud.PATH,
        slug="flagged-ips",
        title="Flagged IPs",
        fetch=lambda api, query: api.fetch_fraud(**query),
        build_rows=fraud.build_rows,
    )
)
FLAGGED_DEVICES = build_page(
    FlaggedList(
        path=bots.PATH,
        slug="flagged-devices",
        title="Flagged devices",
        fetch=lambda api, query: api.fetch_bots(**query),
        build_rows=bots.build_rows,
    )
)
