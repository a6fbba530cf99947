"""A page with one list that people work with: searched, filtered, sorted, selected, read page by page, saved as a file.

Everything chosen lives in the address, so that links, reloads and the back button keep it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import structlog
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.components.address_controls import keep_in_address
from dashboard.components.card import build_blank
from dashboard.components.filters import format_filters
from dashboard.components.icons import build_icon
from dashboard.components.messages import build_failure
from dashboard.components.page_header import build_breadcrumb, build_page_header
from dashboard.components.period import add_period, build_period
from dashboard.errors import API_FAILURES, format_failure, is_final
from dashboard.formats import format_clock
from dashboard.lists.empty import build_empty, build_load_failure
from dashboard.lists.file import ROWS_AT_ONCE, Records, add_file, format_file
from dashboard.lists.keys import build_keys
from dashboard.lists.paging import SIZES, build_ways, format_showing, read_page, read_size
from dashboard.lists.sorted_table import ALL, ListColumn, ListRow, Order, build_sorted_table
from dashboard.lists.toolbar import Toolbar, build_pager, build_selection, build_sums, build_toolbar, label_tabs
from dashboard.page import Group, Page
from dashboard.period import (
    DEFAULT_DAYS,
    InvalidPeriodError,
    Query,
    find_filters,
    format_query,
    format_search,
    keep_period,
    read_period,
    read_search,
)
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.people import Scope
from viral_contract.models.period import PeriodAnswer

_log = structlog.get_logger()


@dataclass(frozen=True)
class Listing:
    """One page of rows, how many there are of all, and what was looked at: "2–8 Mar 2026"; `dates` in a file's name.

    A `summary` is a card above the list.
    """

    rows: Sequence[ListRow]
    total: int
    next_cursor: str | None
    about: str
    nothing: str
    dates: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    summary: Sequence[Component] = ()


def format_nothing(answer: PeriodAnswer, nothing: str) -> str:
    """Why a list of a period is empty: what is purged is no longer known, which is not the same as nothing."""
    if answer.retained_from:
        return "Not available: only totals are kept for some dates in this period."
    return f"{nothing} in this period"


@dataclass(frozen=True)
class TablePage:
    """A list: `fetch` asks the API, with the page's query, for rows whose cells stand in the order of `columns`.

    `nouns` are what one row and many rows are: ("network", "networks"). `actions` are the buttons for selected rows,
    for those who have `acts`; the keys of the rows are in the store `<slug>-selected`. `add_own` adds their callbacks;
    where rows change (`is_changed`) they set the store `<slug>-changed`, which fetches the list again. `days` are those
    of an address without a period. `sums` says what selected rows come to, as `build_sums` takes it. `subject` are the
    parameters of the address that say what the list is about, which no filter changes. Who lacks `scope` reads the
    sentence `only`, if there is one.
    """

    path: str
    slug: str
    title: str
    nouns: tuple[str, str]
    columns: Sequence[ListColumn]
    fetch: Callable[[MetricsApi, Query, str], Listing]
    sort: str
    toolbar: Toolbar = field(default_factory=Toolbar)
    sums: Mapping[str, str] | None = None
    subject: Sequence[str] = ()
    above: tuple[str, str] | None = None
    days: int = DEFAULT_DAYS
    is_changed: bool = False
    build_actions: Callable[[], list[Component]] | None = None
    acts: Scope = Scope.ADMIN
    add_own: Callable[[Dash, SharedViews], None] | None = None
    has_file: bool = True
    icon: str | None = None
    group: Group | None = None
    scope: Scope = Scope.METRICS_READ
    only: str = ""

    @property
    def order(self) -> Order:
        """The order where the address names none."""
        return self.first_order(self.sort)

    def first_order(self, sort: str) -> Order:
        """The order in which a column is sorted first."""
        return next((each.first for each in self.columns if each.sort == sort), "desc")


def build_page(listed: TablePage) -> Page:
    """The page of a list."""

    def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
        _add_show(listed, app, views)
        if listed.above:
            app.callback(Output(f"{listed.slug}-above", "children"), Input("url", "search"))(
                lambda search: _build_way_back(listed, search)
            )
        keep_in_address(app, listed.slug, f"{listed.slug}-defaults")
        add_period(app, views, listed.slug)
        if listed.has_file:
            add_file(app, views, listed.path, listed.slug, lambda api, wanted: fetch_file(listed, api, wanted))
            _add_selected_file(listed, app, views)
        if listed.add_own:
            listed.add_own(app, views)

    return Page(
        listed.path,
        listed.title,
        lambda _settings: build_frame(listed),
        add_callbacks,
        icon=listed.icon,
        group=listed.group,
        scope=listed.scope,
    )


def build_frame(listed: TablePage) -> Component:
    """The page before its data."""
    slug = listed.slug
    defaults = {**listed.toolbar.defaults, "limit": str(SIZES[0])}
    actions = listed.build_actions() if listed.build_actions else []
    return html.Div(
        [
            dcc.Store(id=f"{slug}-defaults", data=defaults),
            dcc.Store(id=f"{slug}-selected", data=[]),
            dcc.Download(id=f"{slug}-file"),
            *([dcc.Store(id=f"{slug}-changed")] if listed.is_changed else []),
            html.Div(_build_way_back(listed, ""), id=f"{slug}-above"),
            build_page_header(
                listed.title, "", [html.P("Loading", id=f"{slug}-about")], *_build_controls(listed), above=None
            ),
            html.Div(id=f"{slug}-said", className="said", role="status"),
            html.Div(id=f"{slug}-summary"),
            html.Section(
                [
                    build_toolbar(
                        slug,
                        listed.toolbar,
                        f"{listed.path}.csv" if listed.has_file else None,
                        [column.heading for column in listed.columns[1:]],
                    ),
                    build_selection(slug, actions, build_sums(listed.sums), has_file=listed.has_file),
                    html.Div([build_blank(34) for _ in range(10)], id=f"{slug}-rows", className="list-rows"),
                    build_pager(slug),
                ],
                className="card flush",
                **{"aria-label": listed.title, "data-list": slug},
            ),
            *build_keys(selects=bool(actions) or listed.has_file, decides=listed.acts is Scope.CASES_WRITE),
        ],
        className="list-page",
    )


def _build_way_back(listed: TablePage, search: str | None) -> list[Component]:
    """Where the page stands; the page above it is over the same period, about the same."""
    return [build_breadcrumb(listed.title, listed.above, keep_period(search, listed.subject))] if listed.above else []


def _build_controls(listed: TablePage) -> list[Component]:
    refresh = html.Button(
        build_icon("refresh"),
        id=f"{listed.slug}-refresh",
        className="button button-square",
        **{"aria-label": "Refresh"},
    )
    return [build_period(listed.slug, days=listed.days), refresh]


def _add_show(listed: TablePage, app: Dash, views: SharedViews) -> None:
    """One callback shows what the address names."""
    slug, tabs = listed.slug, listed.toolbar.tabs

    def show_page(search: str | None, presses: int | None, *_reasons: Any) -> dict[str, Any]:
        return show(listed, views, search, presses, now=datetime.now(UTC))

    outputs = {
        "about": Output(f"{slug}-about", "children"),
        "summary": Output(f"{slug}-summary", "children"),
        "rows": Output(f"{slug}-rows", "children"),
        "showing": Output(f"{slug}-showing", "children"),
        "ways": Output(f"{slug}-ways", "children"),
        "pager_hidden": Output(f"{slug}-pager", "hidden"),
    }
    if tabs:
        outputs["tabs"] = Output({"page": slug, "name": tabs.name, "part": "input"}, "data")
    if listed.toolbar.has_extra:
        outputs["filtered"] = Output(f"{slug}-filtered", "children")
    if listed.has_file:
        outputs["file"] = Output(f"{slug}-export", "href")
    reasons = [
        Input(f"{slug}-refresh", "n_clicks"),
        *([Input(f"{slug}-changed", "data")] if listed.is_changed else []),
    ]
    app.callback(output=outputs, inputs=[Input("url", "search"), *reasons])(show_page)


def show(
    listed: TablePage, views: SharedViews, search: str | None, presses: int | None = None, *, now: datetime
) -> dict[str, Any]:
    """What the page shows of what the address names, fetched once more at each of the presses."""
    wanted = read_search(search)
    try:
        if listed.only and not current_viewer().may(listed.scope):
            return _replace(listed, html.P(listed.only, className="empty only"))
        query = build_query(listed, wanted)
        listing = _fetch(listed, views, query, presses, _find_period(listed, wanted))
    except (InvalidPeriodError, *API_FAILURES) as error:
        return _explain(listed, error, search, now=now)
    return _draw(listed, listing, wanted)


def _fetch(listed: TablePage, views: SharedViews, query: Query, presses: int | None, period: str) -> Listing:
    """One page of rows; where they are changed on the page itself, or refreshed, not one that was fetched before."""
    if listed.is_changed or presses:
        return listed.fetch(views.api_of_viewer(), query, period)
    return views.get((listed.path, *query.items()), lambda api: listed.fetch(api, query, period))


def build_query(listed: TablePage, wanted: Mapping[str, str]) -> Query:
    """What the address names, as the API takes it. Raises InvalidPeriodError."""
    sort = wanted.get("sort", listed.sort)
    return {
        **format_query(read_period(wanted, listed.days)),
        **{name: wanted[name] for name in listed.subject if name in wanted},
        **listed.toolbar.find_filters(wanted),
        "sort": sort,
        "order": wanted.get("order", listed.first_order(sort)),
        "limit": read_size(wanted),
        **({"cursor": wanted["cursor"]} if "cursor" in wanted else {}),
    }


def build_first_query(listed: TablePage, wanted: Mapping[str, str], limit: int) -> Query:
    """The first rows of what the address names, whichever page of them it shows. Raises InvalidPeriodError."""
    return {**build_query(listed, _without_place(wanted)), "limit": limit}


def _find_period(listed: TablePage, wanted: Mapping[str, str]) -> str:
    return format_search(read_period(wanted, listed.days))


def _draw(listed: TablePage, listing: Listing, wanted: Mapping[str, str]) -> dict[str, Any]:
    before = (read_page(wanted) - 1) * read_size(wanted)
    drawn = {
        "about": listing.about,
        "summary": [html.Div(list(listing.summary), className="card")] if listing.summary else [],
        "rows": _build_rows(listed, listing, wanted),
        "showing": format_showing(len(listing.rows), listing.total, before),
        "ways": build_ways(listed.path, wanted, listing.next_cursor, listing.total),
        "pager_hidden": not listing.rows,
    }
    if listed.toolbar.tabs:
        drawn["tabs"] = label_tabs(listed.toolbar.tabs, listing.counts)
    if listed.toolbar.has_extra:
        drawn["filtered"] = str(listed.toolbar.count_extra(listed.toolbar.find_filters(wanted)) or "")
    if listed.has_file:
        drawn["file"] = _format_file_path(listed, wanted)
    return drawn


def _format_file_path(listed: TablePage, wanted: Mapping[str, str]) -> str:
    """The address of the file with all rows of the filters and the order."""
    kept = _without_place(wanted)
    return f"{listed.path}.csv?{urlencode(kept)}" if kept else f"{listed.path}.csv"


def _without_place(wanted: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in wanted.items() if name not in ("cursor", "trail", "page", "limit")}


def fetch_file(listed: TablePage, api: MetricsApi, wanted: Mapping[str, str]) -> tuple[str, Records]:
    """The file's name and its lines. Raises InvalidPeriodError."""
    query = build_first_query(listed, wanted, ROWS_AT_ONCE)
    period = _find_period(listed, wanted)
    first = listed.fetch(api, query, period)
    return _name_file(listed, first), _list_records(listed, api, query, period, first)


def _list_records(listed: TablePage, api: MetricsApi, query: Query, period: str, listing: Listing) -> Records:
    while True:
        yield from (row.record for row in listing.rows)
        if listing.next_cursor is None:
            return
        listing = listed.fetch(api, {**query, "cursor": listing.next_cursor}, period)


def _add_selected_file(listed: TablePage, app: Dash, views: SharedViews) -> None:
    """The rows that are selected as a file."""

    def save_rows(_presses: int | None, keys: list[str] | None, search: str | None) -> dict[str, Any]:
        try:
            name, content = format_file(*fetch_selected(listed, views.api_of_viewer(), read_search(search), keys or []))
        except InvalidPeriodError as error:
            return {"file": no_update, "said": f"{error}."}
        except API_FAILURES as error:
            return {"file": no_update, "said": format_failure(error)}
        return {"file": {"content": content, "filename": name, "type": "text/csv"}, "said": ""}

    app.callback(
        output={
            "file": Output(f"{listed.slug}-file", "data"),
            "said": Output(f"{listed.slug}-said", "children", allow_duplicate=True),
        },
        inputs=[
            Input(f"{listed.slug}-selected-csv", "n_clicks"),
            State(f"{listed.slug}-selected", "data"),
            State("url", "search"),
        ],
        prevent_initial_call=True,
    )(save_rows)


def fetch_selected(
    listed: TablePage, api: MetricsApi, wanted: Mapping[str, str], keys: Collection[str]
) -> tuple[str, Records]:
    """The file of the rows with these keys, which are on one page, or of all. Raises InvalidPeriodError."""
    if ALL in keys:
        return fetch_file(listed, api, wanted)
    listing = listed.fetch(api, build_query(listed, wanted), _find_period(listed, wanted))
    return _name_file(listed, listing), iter([row.record for row in listing.rows if row.key in keys])


def _name_file(listed: TablePage, listing: Listing) -> str:
    dates = f"_{listing.dates}" if listing.dates else ""
    return f"{listed.path.rpartition('/')[2]}{dates}.csv"


def _build_rows(listed: TablePage, listing: Listing, wanted: Mapping[str, str]) -> list[Component]:
    if not listing.rows:
        return [_build_nothing(listed, listing, wanted)]
    sort = wanted.get("sort", listed.sort)
    order: Order = "asc" if wanted.get("order", listed.first_order(sort)) == "asc" else "desc"
    may_act = listed.build_actions is not None and current_viewer().may(listed.acts)
    caption = f"{listed.title}, {listing.about}"
    table = build_sorted_table(caption, listed.columns, listing.rows, sort, order, selects=may_act or listed.has_file)
    about = {"data-total": str(listing.total), "data-nouns": listed.nouns[1]}
    return [html.Div(table, **about, **({"data-acts": "true"} if may_act else {}))]


def _build_nothing(listed: TablePage, listing: Listing, wanted: Mapping[str, str]) -> Component:
    filters = listed.toolbar.find_filters(wanted)
    part = {name: value for name, value in find_filters(wanted).items() if name in listed.subject}
    if not filters and not part:
        return build_empty(listing.nothing, "", icon="check")
    kept = urlencode({name: value for name, value in wanted.items() if name not in part})
    way = dcc.Link("Clear filters", href=listed.path + keep_period(f"?{kept}", listed.subject), className="button")
    text = ", ".join(each for each in (listed.toolbar.format_filters(filters), format_filters(part)) if each)
    return build_empty(f"No {listed.nouns[0]} matches", text, way)


def _explain(listed: TablePage, error: Exception, search: str | None, *, now: datetime) -> dict[str, Any]:
    here = listed.path + (search or "")
    if isinstance(error, InvalidPeriodError) or is_final(error):
        message = build_failure(error, here, cleared=listed.path + keep_period(search, listed.subject))
    else:
        _log.warning("list_failed", page=listed.path, reason=str(error))
        message = build_load_failure(listed.nouns[1], format_clock(now), here)
    return _replace(listed, message)


def _replace(listed: TablePage, message: Component) -> dict[str, Any]:
    """The message in the place of the rows."""
    optional = {"tabs": no_update} if listed.toolbar.tabs else {}
    optional |= {"filtered": no_update} if listed.toolbar.has_extra else {}
    optional |= {"file": no_update} if listed.has_file else {}
    kept = dict.fromkeys(("showing", "ways"), no_update)
    return {**kept, **optional, "about": "", "summary": [], "rows": [message], "pager_hidden": True}
