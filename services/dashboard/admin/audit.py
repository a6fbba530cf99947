"""The audit log: who did what, to what, when and from where."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.table import build_moment
from dashboard.links import AUDIT_PATH, alert_path, case_path, report_path
from dashboard.lists.sorted_table import CsvValue, ListColumn, ListRow
from dashboard.lists.table_page import Listing, TablePage, build_page
from dashboard.lists.toolbar import Toolbar
from dashboard.period import PERIOD_NAMES, Query, find_dates
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.audit import AuditEntry
from viral_contract.models.people import Scope
from viral_reports.dates import format_period

DAYS = 30
_PATHS: Mapping[str, Callable[[int], str]] = {"alert": alert_path, "case": case_path, "report": report_path}
_KINDS = {"token": "token", "visitor": "not signed in", "system": "the service"}
_COLUMNS = (
    ListColumn("Action", phone="name"),
    ListColumn("When", "at", phone="figure"),
    ListColumn("Who", phone="note"),
    ListColumn("Subject", rank=2, phone="end"),
    ListColumn("Change", rank=2),
    ListColumn("From", rank=3),
)


def fetch(api: MetricsApi, query: Query, _search: str) -> Listing:
    """A page of entries."""
    period = find_dates(query, now=datetime.now(UTC))
    filters = {name: value for name, value in query.items() if name not in (*PERIOD_NAMES, "sort")}
    answer = api.fetch_audit_entries(**filters, start=period.start.isoformat(), end=period.end.isoformat())
    return Listing(
        rows=[_build_row(entry) for entry in answer.entries],
        total=answer.total_entries,
        next_cursor=answer.next_cursor,
        about=f"{format_period(period)} · this log is append-only",
        nothing="No entries in this period",
        dates=f"{period.start}_{period.end}",
    )


def _build_row(entry: AuditEntry) -> ListRow:
    action = _format_action(entry)
    cells = (
        action,
        build_moment(entry.at),
        html.Span(_build_actor(entry)),
        _build_subject(entry.subject),
        _build_changes(entry) or "–",
        entry.address or "the service",
    )
    return ListRow(str(entry.id), f"{action}, entry {entry.id}", cells, _list_record(entry))


def _build_subject(subject: str) -> Component:
    """What was acted on, leading to its page where it has one."""
    kind, _, number = subject.partition(":")
    if kind in _PATHS and number.isdecimal():
        return dcc.Link(subject, href=_PATHS[kind](int(number)), className="audit-subject")
    return html.Span(subject, className="audit-subject")


def _format_action(entry: AuditEntry) -> str:
    return entry.action.replace("_", " ").capitalize()


def _list_record(entry: AuditEntry) -> dict[str, CsvValue]:
    plain = entry.model_dump(mode="json", exclude={"details", "before", "after"})
    parts = {"details": entry.details, "before": entry.before, "after": entry.after}
    return {**plain, **{name: _format_values(values) if values else None for name, values in parts.items()}}


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


LISTED = TablePage(
    path=AUDIT_PATH,
    slug="audit",
    title="Audit",
    nouns=("entry", "entries"),
    columns=_COLUMNS,
    fetch=fetch,
    sort="at",
    toolbar=Toolbar("Actor, action or subject"),
    subject=("actor", "action", "subject"),
    days=DAYS,
    only="Only admins can view the audit log.",
    scope=Scope.ADMIN,
    icon="audit",
    group="Administration",
)
PAGE = build_page(LISTED)
