"""Pages that list everything of one kind in a period, some rows at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

import structlog
from dash import Dash, Input, Output, html
from dash.development.base_component import Component

from dashboard.components.card import build_blank
from dashboard.components.messages import build_failure
from dashboard.components.page_header import GUARDRAILS, build_page_header
from dashboard.components.table import build_way_on
from dashboard.errors import API_FAILURES
from dashboard.formats import format_clock
from dashboard.page import Page
from dashboard.period import InvalidPeriodError, Query, format_query, format_search, parse_period, read_search
from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews
from viral_contract.models.period import Period
from viral_reports.dates import format_period

ROWS = 50
_log = structlog.get_logger()


class ListAnswer(Protocol):
    """One page of rows."""

    @property
    def period(self) -> Period:
        """The dates that were looked at."""

    @property
    def computed_at(self) -> datetime:
        """As of when."""

    @property
    def next_cursor(self) -> str | None:
        """Where the next rows begin, None at the end."""


Listed = TypeVar("Listed", bound=ListAnswer)


@dataclass(frozen=True)
class PeriodList(Generic[Listed]):
    """A list: its address, the client's method that fetches it, and how an answer is drawn."""

    path: str
    slug: str
    title: str
    fetch: Callable[..., Listed]
    build_rows: Callable[[Listed, str], list[Component]]


def build_page(listed: PeriodList[Listed]) -> Page:
    """The page of a list."""

    def build_layout(_settings: DashboardSettings) -> Component:
        return html.Div(
            [
                build_page_header(listed.title, "", [html.P("Loading")], above=GUARDRAILS),
                _build_card(listed.slug, [build_blank(640)]),
            ],
            id=listed.slug,
        )

    def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
        def fill_page(search: str | None) -> list[Component]:
            return fill(listed, views, search)

        app.callback(Output(listed.slug, "children"), Input("url", "search"))(fill_page)

    return Page(listed.path, listed.title, build_layout, add_callbacks)


def fill(listed: PeriodList[Listed], views: SharedViews, search: str | None) -> list[Component]:
    """The rows of the period, and from the cursor, that the address names."""
    try:
        period = parse_period(search)
    except InvalidPeriodError as error:
        return _say(listed, build_failure(error, listed.path))
    period_search = format_search(period)
    query: Query = {**format_query(period), "limit": ROWS, **_format_cursor(search)}
    try:
        return views.get(
            (listed.path, *query.items()),
            lambda api: build_list(listed, listed.fetch(api, **query), period_search),
        )
    except API_FAILURES as error:
        _log.warning("list_failed", page=listed.path, reason=str(error))
        here = listed.path + period_search
        return _say(listed, build_failure(error, here, cleared=here))


def build_list(listed: PeriodList[Listed], answer: Listed, search: str) -> list[Component]:
    """The list from one answer of the API; `search` is the period in links."""
    summary = [html.P(f"{format_period(answer.period)} · as of {format_clock(answer.computed_at)}")]
    more: list[Component] = []
    if answer.next_cursor:
        more = [build_way_on(listed.path, {**read_search(search), "cursor": answer.next_cursor}, f"{ROWS} rows")]
    return [
        build_page_header(listed.title, search, summary, above=GUARDRAILS),
        _build_card(listed.slug, [*listed.build_rows(answer, search), *more]),
    ]


def _say(listed: PeriodList[Listed], message: Component) -> list[Component]:
    return [build_page_header(listed.title, "", [], above=GUARDRAILS), message]


def _build_card(slug: str, body: list[Component]) -> Component:
    return html.Div(html.Div(body, className=f"card card-list card-{slug}"), className="cards")


def _format_cursor(search: str | None) -> Query:
    cursor = read_search(search).get("cursor")
    return {"cursor": cursor} if cursor else {}
