"""Alerts of every status as a list, and what stands there where there is none."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.guardrails.alerts import TITLES, build_alert, format_status
from dashboard.links import ALERTS_PATH
from viral_contract.models.alerts import Alert, AlertsAnswer, StatusFilter
from viral_reports.dates import format_day
from viral_reports.figures import format_counted

STATUSES: dict[StatusFilter, str] = {
    "all": "All",
    "ended": "Closed",
    "unresolved": "Unresolved",
    "open": "Open or acknowledged",
    "acknowledged": "Acknowledged",
    "snoozed": "Snoozed",
    "resolved": "Resolved",
    "false_positive": "False positive",
}

_WORDS: dict[str, Mapping[Any, str]] = {"status": STATUSES, "type": TITLES}
_EMPTY = "Alerts and the actions taken on them will appear here."


def build_list(answer: AlertsAnswer, filters: Mapping[str, str]) -> list[Component]:
    """One entry an alert, the most severe first; `filters` are those that are set, as the address names them."""
    if not answer.total_alerts:
        return _build_no_match(filters) if filters else [html.P(_EMPTY, className="nothing")]
    return [html.Ul([_build_entry(alert) for alert in answer.alerts], className="alerts")]


def format_found(answer: AlertsAnswer, filters: Mapping[str, str]) -> str:
    """How many there are, in which order, and which filters left them: for screen readers, too."""
    if not answer.total_alerts:
        return "No matching alerts" if filters else "No alerts yet"
    found = f"{format_counted(answer.total_alerts, 'alert')} by severity, then newest first"
    return f"{found} · {_format_filters(filters)}" if filters else found


def _build_no_match(filters: Mapping[str, str]) -> list[Component]:
    return [
        html.P(f"Filters: {_format_filters(filters)}", className="nothing"),
        dcc.Link("Clear filters", href=ALERTS_PATH, className="button"),
    ]


def _format_filters(filters: Mapping[str, str]) -> str:
    """The filters in words: "status “Resolved” · text “school” · from 1 Mar 2026"."""
    words = {"status": "status", "type": "type", "q": "text", "start": "from", "end": "to"}
    return " · ".join(f"{word} {_format_value(name, filters[name])}" for name, word in words.items() if name in filters)


def _format_value(name: str, value: str) -> str:
    if name in ("start", "end"):
        return format_day(date.fromisoformat(value))
    return f"“{_WORDS.get(name, {}).get(value, value)}”"


def _build_entry(alert: Alert) -> Component:
    ended = [f"closed {_format_moment(alert.resolved_at)}"] if alert.resolved_at else []
    return build_alert(
        alert, format_status(alert), f"opened {_format_moment(alert.opened_at)}", *ended, note=alert.note
    )


def _format_moment(moment: datetime) -> str:
    moment = moment.astimezone(UTC)
    return f"{format_day(moment.date())} {moment:%H:%M} UTC"
