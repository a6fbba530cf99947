"""Violations of the children's privacy rule: filtered by the address, resolved by those who may."""

from typing import Any

from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.components.address_controls import control_id, keep_in_address
from dashboard.components.controls import build_select
from dashboard.components.page_header import GUARDRAILS, build_page_header
from dashboard.data import SharedViews
from dashboard.formats import format_clock
from dashboard.guardrails.violations import ACTORS, KINDS, STATES, TYPES, build_list, build_totals
from dashboard.links import VIOLATIONS_PATH
from dashboard.lists.page import build_page, find_pressed
from dashboard.lists.view import Drawn, Form, ListPage, RefusedError, Wanted, attempt, build_next
from dashboard.period import Query, format_query, format_search, read_period
from dashboard.session import current_viewer
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.people import Scope
from viral_contract.models.violations import Resolution
from viral_reports.dates import format_period

ROWS = 50
TITLE = "Violations"
ANY = "any"
_SLUG = "violations"
_FILTERS: dict[str, tuple[str, dict[Any, str]]] = {
    "resolution": ("Status", STATES),
    "content_kind": ("Shared as", KINDS),
    "type": ("Type", TYPES),
    "actor": ("Shared by", ACTORS),
}
_RESOLUTIONS: dict[str, Resolution] = {"removed": "removed", "false_positive": "false_positive"}
_SAID: dict[Resolution, str] = {"removed": "Marked as removed.", "false_positive": "Marked as a false positive."}


def draw(api: MetricsApi, wanted: Wanted) -> Drawn:
    """The violations of the period and the filters that the address names.

    Raises InvalidPeriodError.
    """
    period = read_period(wanted)
    query = {**format_query(period), **parse_filters(wanted)}
    answer = api.fetch_violations(**query, limit=ROWS)
    may_resolve = current_viewer().may(Scope.ALERTS_WRITE)
    summary = html.P(f"{format_period(answer.period)} · as of {format_clock(answer.computed_at)}")
    return {
        "header": [build_page_header(TITLE, format_search(period), [summary])],
        "totals": build_totals(answer.totals),
        "list": [
            *build_list(answer, _action_id if may_resolve else None),
            *build_next(VIOLATIONS_PATH, query, answer.next_cursor, f"{ROWS} violations"),
        ],
    }


def parse_filters(wanted: Wanted) -> Query:
    """The filters and the cursor among what the address names."""
    return {name: wanted[name] for name in (*_FILTERS, "cursor") if name in wanted}


def _action_id(violation_id: int, action: str) -> dict[str, str | int]:
    if action == "note":
        return {"page": "violation-note", "id": violation_id}
    return {"page": "violation", "id": violation_id, "action": action}


def _build_filters() -> list[Component]:
    filters = [
        build_select(control_id(_SLUG, name), label, {ANY: "All", **words}, className="filter")
        for name, (label, words) in _FILTERS.items()
    ]
    defaults = dcc.Store(id="violations-defaults", data=dict.fromkeys(_FILTERS, ANY))
    return [defaults, html.Div(filters, className="filters")]


LISTED = ListPage(
    path=VIOLATIONS_PATH,
    slug=_SLUG,
    title=TITLE,
    about="Loading",
    draw=draw,
    cards=(("totals", "This period"), Form("filter", "Filter", _build_filters), ("list", "What was found")),
    scope=Scope.METRICS_READ,
    above=GUARDRAILS,
    over_period=True,
)


def _add_resolve(app: Dash, views: SharedViews) -> None:
    def resolve(presses: list[int | None], notes: list[str | None], ids: list[dict[str, Any]]) -> Any:
        button = find_pressed(presses)
        if button is None:
            return no_update
        written = {each["id"]: note or "" for each, note in zip(ids, notes, strict=False)}
        violation_id, resolution = button["id"], _RESOLUTIONS[button["action"]]
        return resolve_violation(views.api_of_viewer(), violation_id, resolution, written.get(violation_id, ""))

    app.callback(
        Output("violations-said", "children"),
        inputs={
            "presses": Input({"page": "violation", "id": ALL, "action": ALL}, "n_clicks"),
            "notes": State({"page": "violation-note", "id": ALL}, "value"),
            "ids": State({"page": "violation-note", "id": ALL}, "id"),
        },
        prevent_initial_call=True,
    )(resolve)
    keep_in_address(app, _SLUG, "violations-defaults")


def resolve_violation(api: MetricsApi, violation_id: int, resolution: Resolution, note: str) -> Any:
    """Resolve a violation, and say what came of it; a refusal is explained."""

    def resolve() -> dict[str, Any]:
        if resolution == "false_positive" and not note.strip():
            raise RefusedError("Nothing was changed. Add a note explaining why this is a false positive.")
        api.resolve_violation(violation_id, resolution, note.strip() or None)
        return {"said": f"Violation {violation_id}: {_SAID[resolution]}"}

    return attempt(LISTED, resolve)["said"]


PAGE = build_page(LISTED, add_own=_add_resolve)
