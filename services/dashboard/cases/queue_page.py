"""The page of the queue: it refreshes by itself, and its filters live in the address."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import dash_mantine_components as dmc
import structlog
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.cases.filters import (
    CHOICES,
    DEFAULTS,
    LABELS,
    build_tabs,
    parse_filters,
)
from dashboard.cases.queue import build_figures, build_list, build_load_failure, fetch_queue
from dashboard.components.address_controls import control_id, keep_in_address
from dashboard.components.card import build_blank
from dashboard.components.icons import build_icon
from dashboard.components.messages import build_failure, build_refresh_problem, format_refresh_problem
from dashboard.components.page_header import build_page_header
from dashboard.data import SharedViews
from dashboard.errors import API_FAILURES, is_final
from dashboard.formats import format_clock
from dashboard.links import CASES_PATH
from dashboard.live.page import add_tick, build_clock, build_refresh
from dashboard.live.view import find_digest
from dashboard.page import Page
from dashboard.period import read_search
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi
from viral_contract.models.people import Scope

EXPORT_PATH = "/dashboard/cases.csv"
_SLUG = "cases"
_KEYS = {
    "J": "next",
    "K": "previous",
    "X": "select",
    "Enter": "open",
    "F": "fraud",
    "L": "legitimate",
    "U": "unsure",
    "Z": "undo",
    "Esc": "clear",
}
_log = structlog.get_logger()


def build_layout(settings: DashboardSettings) -> Component:
    """The page before its data."""
    seconds = settings.dashboard_refresh_seconds
    about = html.P(f"People and things that need a decision · refreshes every {seconds} s")
    return html.Div(
        [
            *build_clock(_SLUG, seconds),
            dcc.Store(id="cases-shown"),
            dcc.Store(id="cases-defaults", data=DEFAULTS),
            build_page_header("Cases", "", [about], build_refresh(_SLUG), above=None),
            build_refresh_problem(_SLUG),
            html.Div(build_blank(96), id="cases-figures"),
            html.Section(
                [
                    _build_toolbar(),
                    _build_selection(),
                    html.Div(_build_skeleton(), id="cases-list"),
                ],
                className="card flush",
                **{"aria-label": "Cases", "data-queue": "true"},
            ),
            _build_keys(),
        ],
        className="cases",
    )


def _build_skeleton() -> Component:
    return html.Div([build_blank(44) for _ in range(8)], className="queue-skeleton")


def _build_toolbar() -> Component:
    tabs = dmc.SegmentedControl(
        id=control_id(_SLUG, "status"), data=build_tabs(), value="open", className="period", **{"aria-label": "Status"}
    )
    search = dmc.TextInput(
        id=control_id(_SLUG, "q"),
        placeholder="Referrer, device, network, link",
        value="",
        leftSection=build_icon("search"),
        className="toolbar-search",
        **{"aria-label": "Search cases"},
    )
    export = html.A(
        [build_icon("download"), "CSV"],
        id="cases-export",
        href=EXPORT_PATH,
        className="button",
        download="cases.csv",
        **{"data-download": "true"},
    )
    return html.Div([tabs, search, *map(_build_choice, CHOICES), export], className="toolbar", role="search")


def _build_choice(name: str) -> Component:
    choices = [{"value": value, "label": word} for value, word in CHOICES[name].items()]
    return dmc.Select(
        id=control_id(_SLUG, name),
        data=choices,
        value=DEFAULTS[name],
        allowDeselect=False,
        leftSection=html.Span(LABELS[name]),
        className=f"toolbar-choice toolbar-{name}",
        comboboxProps={"width": "max-content", "position": "bottom-start"},
        **{"aria-label": LABELS[name]},
    )


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


def show(
    api: MetricsApi, search: str | None, shown: Mapping[str, Any] | None, seconds: int, *, now: datetime
) -> dict[str, Any]:
    """What to change on a page that shows `shown`; a failed refresh leaves what is there."""
    given = read_search(search)
    filters = parse_filters(given)
    try:
        queue = fetch_queue(api, filters, given.get("cursor"))
        may_decide = current_viewer().may(Scope.CASES_WRITE)
    except API_FAILURES as error:
        return _explain(error, search, shown, now=now)
    drawn = {
        "figures": build_figures(queue),
        "list": build_list(queue.answer, filters, may_decide=may_decide, now=now),
        "tabs": build_tabs(queue.answer.counts),
        "export": format_export(search),
    }
    digests = {name: find_digest(part) for name, part in drawn.items()}
    known = shown["digests"] if shown else {}
    return {
        **{name: part if known.get(name) != digests[name] else no_update for name, part in drawn.items()},
        "shown": {"search": search or "", "digests": digests},
        "problem": format_refresh_problem(format_clock(now), seconds),
        "problem_hidden": True,
    }


def format_export(search: str | None) -> str:
    """The file with all rows of the filters in the address."""
    return EXPORT_PATH + (search or "")


def _explain(error: Exception, search: str | None, shown: Mapping[str, Any] | None, *, now: datetime) -> dict[str, Any]:
    """Old rows stay under a banner; where there never were any, why."""
    if not is_final(error):
        _log.warning("refresh_failed", page=CASES_PATH, reason=str(error))
    kept = dict.fromkeys(("figures", "list", "tabs", "export", "shown", "problem"), no_update)
    if shown and shown["search"] == (search or "") and not is_final(error):
        return {**kept, "problem_hidden": False}
    here = CASES_PATH + (search or "")
    if isinstance(error, ApiProblemError) and is_final(error):
        message = build_failure(error, here)
    else:
        message = build_load_failure(format_clock(now), here)
    return {**kept, "figures": [], "list": message, "shown": None, "problem_hidden": True}


PAGE = Page(CASES_PATH, "Cases", build_layout, add_callbacks, icon="inbox")
