"""The page of the queue: it refreshes by itself, and its filters live in the address."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import structlog
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.cases.file import fetch_file
from dashboard.cases.filters import TOOLBAR, find_status
from dashboard.cases.queue import Queue, build_figures, build_list, build_load_failure, fetch_queue
from dashboard.components.address_controls import control_id, keep_in_address
from dashboard.components.card import build_blank
from dashboard.components.icons import build_icon
from dashboard.components.messages import build_failure, build_refresh_problem, format_refresh_problem
from dashboard.components.page_header import build_page_header
from dashboard.data import SharedViews
from dashboard.errors import API_FAILURES, is_final
from dashboard.formats import format_clock
from dashboard.links import CASES_PATH, LISTS_PATH
from dashboard.lists.file import add_file
from dashboard.lists.paging import SIZES, build_ways, format_showing, read_page, read_size
from dashboard.lists.toolbar import build_pager, build_toolbar, label_tabs
from dashboard.live.page import add_tick, build_clock, build_refresh
from dashboard.live.view import find_digest
from dashboard.page import Page
from dashboard.period import read_search
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.people import Scope

_LEGEND = "Solid chips flag; dashed chips are worth a look and flag nothing alone"
_SLUG = "cases"
_DRAWN = ("figures", "list", "tabs", "showing", "ways", "pager_hidden", "export")
_KEYS = {
    "J": "next",
    "K": "previous",
    "X": "select",
    "Enter": "open",
    "F": "fraud",
    "L": "legitimate",
    "U": "unsure",
    "Z": "undo",
    "/": "search everything",
    "?": "all shortcuts",
}
_SHORTCUTS = {
    **_KEYS,
    "J": "Next case",
    "K": "Previous case",
    "X": "Select the case",
    "Enter": "Open the case, or save the verdict",
    "F": "Fraud: the current case, or all that are selected",
    "L": "Legitimate",
    "U": "Unsure",
    "Z": "Undo the last verdict",
    "/": "Search everything",
    "Esc": "Close the form, or clear the selection",
    "?": "This list",
}
_log = structlog.get_logger()


def build_layout(settings: DashboardSettings) -> Component:
    """The page before its data."""
    seconds = settings.dashboard_refresh_seconds
    about = html.P(f"People and things that need a decision · refreshes every {seconds} s")
    lists = dcc.Link([build_icon("list"), "Lists"], href=LISTS_PATH, className="button")
    return html.Div(
        [
            *build_clock(_SLUG, seconds),
            dcc.Store(id="cases-shown"),
            dcc.Store(id="cases-defaults", data={**TOOLBAR.defaults, "limit": str(SIZES[0])}),
            build_page_header("Cases", "", [about], lists, build_refresh(_SLUG), above=None),
            build_refresh_problem(_SLUG),
            html.Div(build_blank(96), id="cases-figures"),
            html.Section(
                [
                    build_toolbar(_SLUG, TOOLBAR, f"{CASES_PATH}.csv"),
                    _build_selection(),
                    html.Div(_build_skeleton(), id="cases-list"),
                    build_pager(_SLUG),
                ],
                className="card flush",
                **{"aria-label": "Cases", "data-queue": "true"},
            ),
            html.P(_LEGEND, className="hint cases-legend"),
            _build_keys(),
            _build_shortcuts(),
        ],
        className="cases",
    )


def _build_skeleton() -> Component:
    return html.Div([build_blank(44) for _ in range(8)], className="queue-skeleton")


def _build_selection() -> Component:
    """The bar over the rows, which assets/cases.js shows as long as rows are selected."""
    buttons = [
        _build_bulk("fraud", "Fraud", "F", "button-danger"),
        _build_bulk("legitimate", "Legitimate", "L"),
        _build_bulk("unsure", "Unsure", "U"),
        _build_bulk("clear", "Clear", "Esc", "button-ghost"),
    ]
    count = html.Strong(id="cases-selected")
    stake = html.Span(id="cases-selected-stake", className="selected-stake")
    return html.Div(
        [count, stake, html.Span(className="space"), *buttons],
        id="cases-selection",
        className="bulk",
        hidden=True,
        role="region",
        **{"aria-label": "Selection"},
    )


def _build_bulk(action: str, word: str, key: str, look: str = "") -> Component:
    """A button for all selected rows."""
    return html.Button(
        [word, html.Kbd(key)], className=f"button button-small {look}", type="button", **{"data-bulk": action}
    )


def _build_keys() -> Component:
    keys = [html.Span([html.Kbd(key), word]) for key, word in _KEYS.items()]
    return html.P(keys, className="keys", id="cases-keys")


def _build_shortcuts() -> Component:
    """All keys, which assets/cases.js shows at a question mark."""
    rows = [part for key, words in _SHORTCUTS.items() for part in (html.Dt(html.Kbd(key)), html.Dd(words))]
    close = html.Button("Close", className="button", type="button", **{"data-close": "true"})
    heading = html.H2("Keyboard shortcuts", id="cases-shortcuts-heading", className="card-heading")
    return html.Dialog(
        [heading, html.Dl(rows), close],
        id="cases-shortcuts",
        className="shortcuts",
        **{"aria-labelledby": "cases-shortcuts-heading"},
    )


def add_callbacks(app: Dash, views: SharedViews, settings: DashboardSettings) -> None:
    """One callback brings the data, at the ticks of the clock and for other filters."""

    def refresh(tick: float | None, search: str | None, shown: dict[str, Any] | None) -> dict[str, Any]:
        del tick  # The reason to refresh, which needs no answer.
        return show(views.api_of_viewer(), search, shown, settings.dashboard_refresh_seconds, now=datetime.now(UTC))

    app.callback(
        output={
            "figures": Output("cases-figures", "children"),
            "list": Output("cases-list", "children"),
            "tabs": Output(control_id(_SLUG, "status"), "data"),
            "showing": Output("cases-showing", "children"),
            "ways": Output("cases-ways", "children"),
            "pager_hidden": Output("cases-pager", "hidden"),
            "export": Output("cases-export", "href"),
            "shown": Output("cases-shown", "data"),
            "problem": Output("cases-refresh-problem", "children"),
            "problem_hidden": Output("cases-refresh-problem", "hidden"),
        },
        inputs={
            "tick": Input("cases-tick", "data"),
            "search": Input("url", "search"),
            "shown": State("cases-shown", "data"),
        },
    )(refresh)
    add_tick(app, _SLUG, Input("cases-refresh", "n_clicks"))
    keep_in_address(app, _SLUG, "cases-defaults")
    add_file(app, views, CASES_PATH, _SLUG, fetch_file)


def show(
    api: MetricsApi, search: str | None, shown: Mapping[str, Any] | None, seconds: int, *, now: datetime
) -> dict[str, Any]:
    """What to change on a page that shows `shown`; a failed refresh leaves what is there."""
    wanted = read_search(search)
    try:
        queue = fetch_queue(api, wanted)
        may_decide = current_viewer().may(Scope.CASES_WRITE)
    except API_FAILURES as error:
        return _explain(error, search, shown, now=now)
    drawn = _draw(queue, wanted, may_decide=may_decide, now=now)
    digests = {name: find_digest(part) for name, part in drawn.items()}
    known = shown["digests"] if shown else {}
    return {
        **{name: part if known.get(name) != digests[name] else no_update for name, part in drawn.items()},
        "shown": {"search": search or "", "digests": digests},
        "problem": format_refresh_problem(format_clock(now), seconds),
        "problem_hidden": True,
    }


def _draw(queue: Queue, wanted: Mapping[str, str], *, may_decide: bool, now: datetime) -> dict[str, Any]:
    answer, filters = queue.answer, TOOLBAR.find_filters(wanted)
    before = (read_page(wanted) - 1) * read_size(wanted)
    counts = answer.counts.model_dump()
    return {
        "figures": build_figures(queue),
        "list": build_list(answer, filters, may_decide=may_decide, now=now),
        "tabs": label_tabs(TOOLBAR.tabs, counts) if TOOLBAR.tabs else no_update,
        "showing": [*format_showing(len(answer.cases), answer.total, before), f" {find_status(filters)} cases"],
        "ways": build_ways(CASES_PATH, wanted, answer.next_cursor, answer.total),
        "pager_hidden": not answer.cases,
        "export": f"{CASES_PATH}.csv?{urlencode(filters)}" if filters else f"{CASES_PATH}.csv",
    }


def _explain(error: Exception, search: str | None, shown: Mapping[str, Any] | None, *, now: datetime) -> dict[str, Any]:
    """Old rows stay under a banner; where there never were any, why."""
    if not is_final(error):
        _log.warning("refresh_failed", page=CASES_PATH, reason=str(error))
    kept = dict.fromkeys(
        ("figures", "list", "tabs", "showing", "ways", "pager_hidden", "export", "shown", "problem"), no_update
    )
    if shown and shown["search"] == (search or "") and not is_final(error):
        return {**kept, "problem_hidden": False}
    here = CASES_PATH + (search or "")
    message = build_failure(error, here) if is_final(error) else build_load_failure(format_clock(now), here)
    replaced = {"figures": [], "list": message, "pager_hidden": True, "shown": None, "problem_hidden": True}
    return {**kept, **replaced}


PAGE = Page(CASES_PATH, "Cases", build_layout, add_callbacks, icon="inbox")
