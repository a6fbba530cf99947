"""The page of the queue: it refreshes by itself, and its filters live in the address."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import structlog
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.cases.bulk import build_bulk_verdicts
from dashboard.cases.file import fetch_file
from dashboard.cases.filters import SEEN, TOOLBAR, find_status
from dashboard.cases.kept import keep_decided
from dashboard.cases.queue import Queue, build_figures, build_list, fetch_cases, fetch_queue
from dashboard.components.address_controls import control_id, keep_in_address
from dashboard.components.card import build_blank
from dashboard.components.icons import build_icon
from dashboard.components.messages import build_failure, build_refresh_problem, format_refresh_problem
from dashboard.components.page_header import build_page_header
from dashboard.errors import API_FAILURES, is_final
from dashboard.formats import format_clock
from dashboard.links import CASES_PATH, LISTS_PATH
from dashboard.lists.add_to_list import AddToList, Chosen
from dashboard.lists.empty import build_load_failure
from dashboard.lists.file import add_file
from dashboard.lists.keys import build_keys
from dashboard.lists.paging import SIZES, build_ways, format_showing, read_page, read_size
from dashboard.lists.toolbar import build_choice, build_pager, build_selection, build_sums, build_toolbar, label_tabs
from dashboard.live.page import add_tick, build_clock, build_refresh
from dashboard.live.view import find_digest
from dashboard.page import Page
from dashboard.period import read_search
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.cases import Case
from viral_contract.models.people import Scope

_LEGEND = "Solid chips flag; dashed chips are worth a look and flag nothing alone"
_SLUG = "cases"
# The period stands in the header.
_ABOVE_ROWS = replace(TOOLBAR, choices=[each for each in TOOLBAR.choices if each is not SEEN])
_DRAWN = ("figures", "list", "tabs", "showing", "ways", "pager_hidden", "export")
_log = structlog.get_logger()


def _choose(api: MetricsApi, keys: Sequence[str], search: str | None) -> Chosen:
    """Who or what the selected cases are about; they are on the page that the address names."""
    shown = fetch_cases(api, read_search(search)).cases
    return [(case.kind, case.ref or case.entity) for case in shown if str(case.id) in keys], 0


_ADD = AddToList(_SLUG, ("entry", "entries"), _choose, {"deny": "Add to list…"})


def build_layout(settings: DashboardSettings) -> Component:
    """The page before its data."""
    seconds = settings.dashboard_refresh_seconds
    about = html.P(f"People and things that need a decision · refreshes every {seconds} s")
    lists = dcc.Link([build_icon("list"), "Lists"], href=LISTS_PATH, className="button")
    return html.Div(
        [
            *build_clock(_SLUG, seconds),
            dcc.Store(id="cases-shown"),
            dcc.Store(id="cases-selected", data=[]),
            dcc.Store(id="cases-defaults", data={**TOOLBAR.defaults, "limit": str(SIZES[0])}),
            build_page_header("Cases", "", [about], lists, build_choice(_SLUG, SEEN), build_refresh(_SLUG), above=None),
            build_refresh_problem(_SLUG),
            html.Div(id="cases-said", className="said", role="status"),
            html.Div(build_blank(96), id="cases-figures"),
            html.Section(
                [
                    build_toolbar(_SLUG, _ABOVE_ROWS, f"{CASES_PATH}.csv"),
                    _build_selection(),
                    html.Div(_build_skeleton(), id="cases-list"),
                    build_pager(_SLUG),
                ],
                className="card flush",
                **{"aria-label": "Cases", "data-list": _SLUG},
            ),
            html.P(_LEGEND, className="hint cases-legend"),
            *build_keys(selects=True, decides=True),
        ],
        className="cases",
    )


def _build_skeleton() -> Component:
    return html.Div([build_blank(44) for _ in range(8)], className="queue-skeleton")


def _build_selection() -> Component:
    """What can be done about selected rows, and what is at stake for them."""
    sums = build_sums({"sums": "conversion click", "kinds": "nouns", "ending": " at stake"})
    return build_selection(_SLUG, [*build_bulk_verdicts(), *_ADD.build()], sums, has_file=False)


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
    _ADD.add_callbacks(app, views)


def show(
    api: MetricsApi, search: str | None, shown: Mapping[str, Any] | None, seconds: int, *, now: datetime
) -> dict[str, Any]:
    """What to change on a page that shows `shown`; a failed refresh leaves what is there."""
    wanted = read_search(search)
    before = shown["ids"] if shown and shown["search"] == (search or "") else []
    try:
        queue, viewer = fetch_queue(api, wanted), current_viewer()
        is_open = find_status(TOOLBAR.find_filters(wanted)) == "open"
        listed = keep_decided(api, queue.answer.cases, before if is_open else [], viewer.person.email)
    except API_FAILURES as error:
        return _explain(error, search, shown, now=now)
    drawn = _draw(queue, listed, wanted, may_decide=viewer.may(Scope.CASES_WRITE), now=now)
    digests = {name: find_digest(part) for name, part in drawn.items()}
    known = shown["digests"] if shown else {}
    return {
        **{name: part if known.get(name) != digests[name] else no_update for name, part in drawn.items()},
        "shown": {"search": search or "", "digests": digests, "ids": [case.id for case in listed]},
        "problem": format_refresh_problem(format_clock(now), seconds),
        "problem_hidden": True,
    }


def _draw(
    queue: Queue, listed: list[Case], wanted: Mapping[str, str], *, may_decide: bool, now: datetime
) -> dict[str, Any]:
    answer, filters = queue.answer, TOOLBAR.find_filters(wanted)
    before = (read_page(wanted) - 1) * read_size(wanted)
    counts = answer.counts.model_dump()
    return {
        "figures": build_figures(queue),
        "list": build_list(listed, filters, may_decide=may_decide, now=now),
        "tabs": label_tabs(TOOLBAR.tabs, counts) if TOOLBAR.tabs else no_update,
        "showing": [*format_showing(len(answer.cases), answer.total, before), f" {find_status(filters)} cases"],
        "ways": build_ways(CASES_PATH, wanted, answer.next_cursor, answer.total),
        "pager_hidden": not listed,
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
    message = build_failure(error, here) if is_final(error) else build_load_failure("cases", format_clock(now), here)
    replaced = {"figures": [], "list": message, "pager_hidden": True, "shown": None, "problem_hidden": True}
    return {**kept, **replaced}


PAGE = Page(CASES_PATH, "Cases", build_layout, add_callbacks, icon="inbox")
