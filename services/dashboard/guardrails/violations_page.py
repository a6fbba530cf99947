"""Violations of the children's privacy rule: filtered by the address, resolved by those who may."""

from typing import Any

import dash_mantine_components as dmc
import structlog
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.components.address_controls import control_id, keep_in_address
from dashboard.components.buttons import find_pressed
from dashboard.components.card import build_blank
from dashboard.components.messages import build_failure
from dashboard.components.page_header import build_page_header
from dashboard.components.table import build_way_on
from dashboard.data import SharedViews
from dashboard.errors import API_FAILURES, format_failure, is_refused
from dashboard.formats import format_clock
from dashboard.guardrails.violations import ACTORS, KINDS, STATES, TYPES, build_list, build_totals
from dashboard.links import VIOLATIONS_PATH
from dashboard.page import Page
from dashboard.period import InvalidPeriodError, Query, format_query, format_search, parse_period, read_search
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.people import Scope
from viral_contract.models.violations import Resolution, ViolationsAnswer
from viral_reports.dates import format_period

ROWS = 50
TITLE = "Violations"
ANY = "any"
_PAGE = "violations"
_FILTERS: dict[str, tuple[str, dict[Any, str]]] = {
    "resolution": ("Status", STATES),
    "content_kind": ("Shared as", KINDS),
    "type": ("Type", TYPES),
    "actor": ("Shared by", ACTORS),
}
_DEFAULTS = dict.fromkeys(_FILTERS, ANY)
_RESOLUTIONS: dict[str, Resolution] = {"removed": "removed", "false_positive": "false_positive"}
_SAID: dict[Resolution, str] = {"removed": "Marked as removed.", "false_positive": "Marked as a false positive."}
_SHOWN = {name: f"violations-{name}" for name in ("header", "totals", "list")}
_KEPT = dict.fromkeys(_SHOWN, no_update)
_log = structlog.get_logger()


def build_layout(_settings: DashboardSettings) -> Component:
    """The frame of the page; only what is listed changes."""
    filters = [_build_filter(name, label, words) for name, (label, words) in _FILTERS.items()]
    return html.Div(
        [
            dcc.Store(id="violations-defaults", data=_DEFAULTS),
            html.Div(build_page_header(TITLE, "", [html.P("Loading")]), id="violations-header"),
            html.Div(
                [
                    html.Section([build_blank(90)], id="violations-totals", className="card"),
                    html.Div(
                        [
                            html.Div(filters, className="filters"),
                            html.P(id="violations-said", className="said", role="status"),
                        ]
                    ),
                    html.Section([build_blank(480)], id="violations-list", className="card"),
                ],
                className="stack",
            ),
        ]
    )


def _build_filter(name: str, label: str, words: dict[Any, str]) -> Component:
    choices = [{"value": ANY, "label": "All"}, *({"value": value, "label": said} for value, said in words.items())]
    return dmc.Select(
        id=control_id(_PAGE, name), label=label, data=choices, value=ANY, allowDeselect=False, className="filter"
    )


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """One callback lists what the address names; the other resolves one of it."""

    def show(search: str | None) -> dict[str, Any]:
        return show_violations(views.api_of_viewer(), search)

    app.callback(
        output={name: Output(place, "children") for name, place in _SHOWN.items()},
        inputs={"search": Input("url", "search")},
    )(show)
    _add_resolve(app, views)
    keep_in_address(app, _PAGE, "violations-defaults")


def _add_resolve(app: Dash, views: SharedViews) -> None:
    def resolve(presses: list[int | None], notes: list[str | None], ids: list[dict[str, Any]], search: str) -> Any:
        button = find_pressed(presses)
        if button is None:
            return {**_KEPT, "said": no_update}
        written = {each["id"]: note or "" for each, note in zip(ids, notes, strict=False)}
        resolution = _RESOLUTIONS[button["action"]]
        return resolve_violation(views.api_of_viewer(), button["id"], resolution, written.get(button["id"], ""), search)

    app.callback(
        output={
            **{name: Output(place, "children", allow_duplicate=True) for name, place in _SHOWN.items()},
            "said": Output("violations-said", "children"),
        },
        inputs={
            "presses": Input({"page": "violation", "id": ALL, "action": ALL}, "n_clicks"),
            "notes": State({"page": "violation-note", "id": ALL}, "value"),
            "ids": State({"page": "violation-note", "id": ALL}, "id"),
            "search": State("url", "search"),
        },
        prevent_initial_call=True,
    )(resolve)


def show_violations(api: MetricsApi, search: str | None) -> dict[str, Any]:
    """The violations that the address names, by the names of the callback's outputs."""
    try:
        period = parse_period(search)
        answer = api.fetch_violations(**format_query(period), limit=ROWS, **parse_filters(search))
        return _draw(answer, {**format_query(period), **parse_filters(search)}, format_search(period))
    except InvalidPeriodError as error:
        return _say(build_failure(error, VIOLATIONS_PATH))
    except API_FAILURES as error:
        if not is_refused(error):
            _log.warning("violations_failed", reason=str(error))
        here, cleared = VIOLATIONS_PATH + (search or ""), VIOLATIONS_PATH + format_search(period)
        return _say(build_failure(error, here, cleared=cleared))


def resolve_violation(
    api: MetricsApi, violation_id: int, resolution: Resolution, note: str, search: str
) -> dict[str, Any]:
    """Say what became of a violation and list the rest; a refusal is explained and keeps the note."""
    if resolution == "false_positive" and not note.strip():
        return {**_KEPT, "said": "Nothing was changed. Add a note explaining why this is a false positive."}
    try:
        api.resolve_violation(violation_id, resolution, note.strip() or None)
    except API_FAILURES as error:
        _log.warning("resolve_failed", violation=violation_id, reason=str(error))
        return {**_KEPT, "said": format_failure(error)}
    return {**show_violations(api, search), "said": f"Violation {violation_id}: {_SAID[resolution]}"}


def parse_filters(search: str | None) -> Query:
    """The filters and the cursor that the address names."""
    given = read_search(search)
    return {name: given[name] for name in (*_FILTERS, "cursor") if name in given}


def _draw(answer: ViolationsAnswer, query: Query, search: str) -> dict[str, Any]:
    may_resolve = current_viewer().may(Scope.ALERTS_WRITE)
    summary = html.P(f"{format_period(answer.period)} · as of {format_clock(answer.computed_at)}")
    more = []
    if answer.next_cursor:
        more = [build_way_on(VIOLATIONS_PATH, {**query, "cursor": answer.next_cursor}, f"{ROWS} violations")]
    return {
        "header": build_page_header(TITLE, search, [summary]),
        "totals": [html.H2("This period", className="card-heading"), *build_totals(answer.totals)],
        "list": [
            html.H2("What was found", className="card-heading"),
            *build_list(answer, _action_id if may_resolve else None),
            *more,
        ],
    }


def _action_id(violation_id: int, action: str) -> dict[str, str | int]:
    if action == "note":
        return {"page": "violation-note", "id": violation_id}
    return {"page": "violation", "id": violation_id, "action": action}


def _say(message: Component) -> dict[str, Any]:
    return {**_KEPT, "header": build_page_header(TITLE, "", []), "totals": [], "list": [message]}


PAGE = Page(VIOLATIONS_PATH, TITLE, build_layout, add_callbacks)
