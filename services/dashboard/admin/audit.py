"""The audit log: who did what, to what, when and from where, filtered by the address."""

import json
from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard.components.address_controls import control_id
from dashboard.components.dates import build_day
from dashboard.components.filter_form import FilterForm
from dashboard.links import AUDIT_PATH
from dashboard.lists.page import build_page
from dashboard.lists.view import Drawn, ListPage, Wanted, build_next
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.audit import AuditEntry
from viral_reports.dates import format_day
from viral_reports.figures import format_counted

ROWS = 50
_SLUG = "audit"
_TEXTS = {
    "actor": ("Actor", "email or token"),
    "action": ("Action", "Resolve violation"),
    "subject": ("Subject", "alert:"),
}
_DAYS = {"start": "From (UTC)", "end": "To (UTC)"}
_KINDS = {"token": "token", "visitor": "not signed in", "system": "the service"}


def _build_controls() -> list[Component]:
    texts = [
        dmc.TextInput(id=control_id(_SLUG, name), label=label, placeholder=example, className="filter")
        for name, (label, example) in _TEXTS.items()
    ]
    return [*texts, *[build_day(control_id(_SLUG, name), label, "Any date") for name, label in _DAYS.items()]]


FILTERS = FilterForm(
    _SLUG, AUDIT_PATH, {**dict.fromkeys(_TEXTS, ""), **dict.fromkeys(_DAYS)}, tuple(_TEXTS), _build_controls
)


def draw(api: MetricsApi, wanted: Wanted) -> Drawn:
    """One entry an action, newest first."""
    filters = {name: wanted.get(name) for name in FILTERS.defaults}
    if filters["action"]:
        # An action may be written as the list shows it.
        filters["action"] = filters["action"].lower().replace(" ", "_")
    answer = api.fetch_audit_entries(limit=ROWS, cursor=wanted.get("cursor"), **filters)
    if not answer.entries:
        return {"found": "", "list": [html.P("No entries match these filters.", className="nothing")]}
    return {
        "found": f"{format_counted(answer.total_entries, 'entry', 'entries')}, newest first",
        "list": [
            html.Ul([_build_entry(entry) for entry in answer.entries], className="violations"),
            *build_next(AUDIT_PATH, wanted, answer.next_cursor, f"{ROWS} entries"),
        ],
    }


def _build_entry(entry: AuditEntry) -> Component:
    when = f"{format_day(entry.at.date())} {entry.at:%H:%M:%S} UTC"
    where = f"from {entry.address}" if entry.address else "by the service"
    heading = html.Div(
        [
            html.H3(entry.action.replace("_", " ").capitalize()),
            html.P([html.Time(when, dateTime=entry.at.isoformat()), f", {where}"], className="row-note"),
        ]
    )
    return html.Li(
        [
            heading,
            html.Div(_build_actor(entry)),
            html.Div(entry.subject, className="audit-subject"),
            _build_changes(entry),
        ],
        className="violation",
    )


def _build_actor(entry: AuditEntry) -> list[Component | str]:
    """Who it was; a token or the service is marked, because a person may have the same name."""
    kind, _, number = (entry.actor_key or "").partition(":")
    if kind not in _KINDS:
        return [entry.actor]
    return [entry.actor, html.Span(f" ({' '.join(filter(None, [_KINDS[kind], number]))})", className="row-note")]


def _build_changes(entry: AuditEntry) -> Component | None:
    parts = {**_find_difference(entry), "Details": entry.details or {}}
    shown = [(label, _format_values(values)) for label, values in parts.items() if values]
    if not shown:
        return None
    listed = [html.Div([html.Dt(label), html.Dd(values)]) for label, values in shown]
    return html.Dl(listed, className="audit-changes")


def _find_difference(entry: AuditEntry) -> dict[str, dict[str, Any]]:
    """What was changed; all there is where the thing came or went."""
    before, after = entry.before, entry.after
    if before is None or after is None:
        return {"Before": before or {}, "After": after or {}}
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {
        "Before": {name: before[name] for name in changed if name in before},
        "After": {name: after[name] for name in changed if name in after},
    }


def _format_values(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')}: {_format_value(value)}" for name, value in values.items())


def _format_value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, list):
        return ", ".join(map(_format_value, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


LISTED = ListPage(
    path=AUDIT_PATH,
    slug=_SLUG,
    title="Audit",
    about="This log is append-only.",
    only="Only admins can view the audit log.",
    draw=draw,
    cards=(("list", "Entries"),),
    filters=FILTERS,
)
PAGE = build_page(LISTED, icon="audit", group="Administration")
