"""The list of violations of the children's privacy rule, resolved by those who may."""

from typing import Any

import structlog
from dash import ALL, Dash, Input, Output, State, no_update

from dashboard.components.page_header import GUARDRAILS
from dashboard.components.table import build_moment
from dashboard.errors import API_FAILURES, format_failure
from dashboard.guardrails.violations import (
    ACTORS,
    KINDS,
    STATES,
    TYPES,
    build_item,
    build_state,
    build_totals,
    build_what,
)
from dashboard.links import VIOLATIONS_PATH
from dashboard.lists.page import find_pressed
from dashboard.lists.sorted_table import ListColumn, ListRow
from dashboard.lists.table_page import Listing, TablePage, build_page, format_nothing
from dashboard.lists.toolbar import ANY, Choice, Toolbar
from dashboard.period import Query
from dashboard.session import current_viewer
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.people import Scope
from viral_contract.models.violations import Resolution, Violation, ViolationsAnswer
from viral_reports.dates import format_period

_SLUG = "violations"
_COLUMNS = (
    ListColumn("Violation", "type", "asc", phone="name"),
    ListColumn("Found in", phone="note"),
    ListColumn("Found", "found", rank=2),
    ListColumn("Status", "status", phone="end"),
)
_CHOICES = (
    Choice("resolution", "Status", {ANY: "All", **STATES}, are_tabs=True),
    Choice("content_kind", "Shared as", {ANY: "All", **{str(name): word for name, word in KINDS.items()}}),
    Choice("type", "Type", {ANY: "All", **{str(name): word for name, word in TYPES.items()}}),
    Choice("actor", "Shared by", {ANY: "All", **ACTORS}),
)
_RESOLUTIONS: dict[str, Resolution] = {"removed": "removed", "false_positive": "false_positive"}
_SAID: dict[Resolution, str] = {"removed": "Marked as removed.", "false_positive": "Marked as a false positive."}
_log = structlog.get_logger()


def fetch(api: MetricsApi, query: Query, _search: str) -> Listing:
    """A page of violations, with figures of the whole period."""
    answer = api.fetch_violations(**query)
    may_resolve = current_viewer().may(Scope.ALERTS_WRITE)
    return Listing(
        rows=[_build_row(violation, may_resolve=may_resolve) for violation in answer.violations],
        total=answer.total_violations,
        next_cursor=answer.next_cursor,
        about=f"{format_period(answer.period)} · in what was shared then",
        nothing=format_nothing(answer, "No violations"),
        dates=f"{answer.period.start}_{answer.period.end}",
        counts=_count(answer),
        summary=build_totals(answer.totals),
    )


def _count(answer: ViolationsAnswer) -> dict[str, int]:
    counts = {name: getattr(answer.totals, name) for name in STATES}
    return {ANY: sum(counts.values()), **counts}


def _build_row(violation: Violation, *, may_resolve: bool) -> ListRow:
    cells = (
        build_what(violation),
        build_item(violation),
        build_moment(violation.found_at),
        build_state(violation, _action_id if may_resolve else None),
    )
    label = f"violation {violation.id}"
    return ListRow(str(violation.id), label, cells, violation.model_dump(mode="json"))


def _action_id(violation_id: int, action: str) -> dict[str, str | int]:
    if action == "note":
        return {"page": "violation-note", "id": violation_id}
    return {"page": "violation", "id": violation_id, "action": action}


def _add_resolve(app: Dash, views: SharedViews) -> None:
    def resolve(presses: list[int | None], notes: list[str | None], ids: list[dict[str, Any]]) -> dict[str, Any]:
        button = find_pressed(presses)
        if button is None:
            return dict.fromkeys(("said", "changed"), no_update)
        written = {each["id"]: note or "" for each, note in zip(ids, notes, strict=False)}
        violation_id, resolution = button["id"], _RESOLUTIONS[button["action"]]
        return resolve_violation(views.api_of_viewer(), violation_id, resolution, written.get(violation_id, ""))

    app.callback(
        output={"said": Output("violations-said", "children"), "changed": Output("violations-changed", "data")},
        inputs={
            "presses": Input({"page": "violation", "id": ALL, "action": ALL}, "n_clicks"),
            "notes": State({"page": "violation-note", "id": ALL}, "value"),
            "ids": State({"page": "violation-note", "id": ALL}, "id"),
        },
        prevent_initial_call=True,
    )(resolve)


def resolve_violation(api: MetricsApi, violation_id: int, resolution: Resolution, note: str) -> dict[str, Any]:
    """Resolve a violation, and say what came of it; a refusal is explained and leaves what is typed."""
    if resolution == "false_positive" and not note.strip():
        return _refuse("Nothing was changed. Add a note explaining why this is a false positive.")
    try:
        api.resolve_violation(violation_id, resolution, note.strip() or None)
    except API_FAILURES as error:
        # Its text may hold what was typed, which has no place in a log.
        _log.warning("action_failed", page=VIOLATIONS_PATH, reason=type(error).__name__)
        return _refuse(format_failure(error))
    return {"said": f"Violation {violation_id}: {_SAID[resolution]}", "changed": violation_id}


def _refuse(said: str) -> dict[str, Any]:
    return {"said": said, "changed": no_update}


LISTED = TablePage(
    path=VIOLATIONS_PATH,
    slug=_SLUG,
    title="Violations",
    nouns=("violation", "violations"),
    columns=_COLUMNS,
    fetch=fetch,
    sort="status",
    toolbar=Toolbar("Item, rule or note", _CHOICES),
    above=GUARDRAILS,
    add_own=_add_resolve,
    is_changed=True,
)
PAGE = build_page(LISTED)
