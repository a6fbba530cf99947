"""Violations of the children's privacy rule: what was found where, and what became of it."""

from collections.abc import Callable

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import build_hint, build_kpis
from dashboard.formats import format_duration, format_minute
from viral_contract.models.content import ScannedKind
from viral_contract.models.violations import (
    Resolution,
    Violation,
    ViolationTotals,
    ViolationType,
)
from viral_reports.figures import format_count

KINDS: dict[ScannedKind, str] = {"parent_share": "Parent share", "progress_reel": "Progress reel"}
TYPES: dict[ViolationType, str] = {
    "email": "Email address",
    "phone": "Phone number",
    "ssn": "Social Security number",
    "credit_card": "Credit card number",
    "ip_address": "IP address",
    "street_address": "Street address",
    "date_of_birth": "Date of birth",
    "person_name": "Person's name",
    "school": "School name",
    "sensitive_key": "Personal data field",
    "media_without_consent": "Child's photo, video or audio without consent",
    "not_scanned": "Not scanned yet",
}
STATES = {"open": "Open", "removed": "Removed", "false_positive": "False positive"}
ACTORS = {"child": "Child", "parent": "Parent"}
_NOT_SCANNED = "The scan timed out. This counts as a violation until a longer scan finishes or you review it."
ActionId = Callable[[int, str], dict[str, str | int]]


def build_totals(totals: ViolationTotals) -> list[Component]:
    """All of the period in figures, whatever is filtered."""
    median = totals.median_seconds_to_removal
    kpis = build_kpis(
        (format_count(totals.open), "Open"),
        (format_count(totals.removed), "Removed"),
        (format_count(totals.false_positive), "False positives"),
        ("–" if median is None else format_duration(median), "Median time to removal"),
    )
    shared = f"{format_count(totals.by_child)} shared by children, {format_count(totals.by_parent)} by parents"
    types = [f"{TYPES[kind]} {format_count(count)}" for kind, count in totals.by_type.items() if count]
    return [kpis, build_hint(shared), *([build_hint(" · ".join(types))] if types else [])]


def build_what(violation: Violation) -> Component:
    """What was found, masked, at which place by which rule."""
    return html.Div([html.Span(TYPES[violation.type]), *_build_place(violation)], className="why")


def _build_place(violation: Violation) -> list[Component]:
    if violation.type == "not_scanned":
        return [html.P(_NOT_SCANNED, className="row-note")]
    masked = html.Code(violation.masked, className="whole-identifier")
    path = html.Code(violation.path or "/", className="whole-identifier")
    return [html.P([masked, " at ", path, f" · rule {violation.rule}"], className="row-note")]


def build_item(violation: Violation) -> Component:
    """What was shared, and who shared it."""
    item = html.Span(violation.content_id, className="whole-identifier")
    shared = f"{KINDS[violation.content_kind]} by a {violation.actor}"
    return html.Div([item, html.P(shared, className="row-note")], className="why")


def build_state(violation: Violation, action_id: ActionId | None) -> Component:
    """What became of it; `action_id` makes the ids of the controls, None where they are not allowed."""
    return html.Div(_build_state(violation, action_id), className="why")


def _build_state(violation: Violation, action_id: ActionId | None) -> list[Component]:
    if violation.resolution is None:
        actions = [_build_actions(violation, action_id)] if action_id else []
        return [html.Strong("Open", className="severity severity-high"), *actions]
    when = f" {format_minute(violation.resolved_at)}" if violation.resolved_at else ""
    facts = [html.P(f"by {violation.resolved_by}{when}", className="row-note")]
    note = [html.P(f"“{violation.note}”", className="row-note")] if violation.note else []
    return [html.Strong(STATES[violation.resolution]), *facts, *note]


def _build_actions(violation: Violation, action_id: ActionId) -> Component:
    """Folded away, so that nothing is resolved by one careless press."""
    note = dcc.Textarea(id=action_id(violation.id, "note"), className="note", maxLength=1000)
    buttons = [
        _build_button(violation.id, "removed", action_id),
        _build_button(violation.id, "false_positive", action_id),
    ]
    hint = "Mark as removed once the content is gone from your app. For a false positive, add a note explaining why."
    summary = html.Summary(["Resolve", html.Span(f" violation {violation.id}", className="visually-hidden")])
    form = [html.Label(["Note", note]), build_hint(hint), html.Div(buttons, className="action-row")]
    return html.Details([summary, *form], className="resolve")


def _build_button(violation_id: int, resolution: Resolution, action_id: ActionId) -> Component:
    return html.Button(STATES[resolution], id=action_id(violation_id, resolution), className="button")
