"""The audit log as a list of entries."""

import json
from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from viral_contract.models.audit import AuditAnswer, AuditEntry
from viral_reports.dates import format_day
from viral_reports.figures import format_counted

_KINDS = {"token": "token", "visitor": "not signed in", "system": "the service itself"}


def build_entries(answer: AuditAnswer) -> list[Component]:
    """One entry an action, the newest first."""
    if not answer.entries:
        return [html.P("Nothing fits this filter.", className="nothing")]
    count = format_counted(answer.total_entries, "entry", "entries")
    return [
        build_hint(f"{count}, the newest first"),
        html.Ul([_build_entry(entry) for entry in answer.entries], className="violations"),
    ]


def _build_entry(entry: AuditEntry) -> Component:
    when = f"{format_day(entry.at.date())} {entry.at:%H:%M:%S} UTC"
    where = f"from {entry.address}" if entry.address else "by the service itself"
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
    """Who it was; a token or the service is told apart from a person of the same name."""
    kind, _, number = (entry.actor_key or "").partition(":")
    if kind not in _KINDS:
        return [entry.actor]
    return [entry.actor, html.Span(f" ({' '.join(filter(None, [_KINDS[kind], number]))})", className="row-note")]


def _build_changes(entry: AuditEntry) -> Component | None:
    parts = {**_find_difference(entry), "Details": entry.details or {}}
    told = [(label, _format_values(values)) for label, values in parts.items() if values]
    if not told:
        return None
    listed = [html.Div([html.Dt(label), html.Dd(values)]) for label, values in told]
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
