"""The history of alerts: those that ended and those that last, filtered by the address."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.address_controls import control_id
from dashboard.components.controls import build_select
from dashboard.components.dates import build_day
from dashboard.components.filter_form import FilterForm
from dashboard.components.page_header import GUARDRAILS
from dashboard.guardrails.alerts import TITLES, build_alert, format_status
from dashboard.links import ALERTS_PATH
from dashboard.lists.page import build_page
from dashboard.lists.view import Drawn, ListPage, Wanted, build_next
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.alerts import Alert, AlertsAnswer, StatusFilter
from viral_contract.models.people import Scope
from viral_contract.models.period import MAX_DAYS
from viral_reports.dates import format_day
from viral_reports.figures import format_counted

ROWS = 50
ANY = "any"
_SLUG = "alert-history"
_DEFAULTS = {"status": "all", "type": ANY, "q": "", "start": None, "end": None}
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


def _build_controls() -> list[Component]:
    return [
        build_select(control_id(_SLUG, "status"), "Status", STATUSES, className="filter"),
        build_select(control_id(_SLUG, "type"), "Type", {ANY: "All", **TITLES}, className="filter"),
        build_day(control_id(_SLUG, "start"), "From (UTC)", "Any date"),
        build_day(control_id(_SLUG, "end"), "To (UTC)", "Any date"),
        dmc.TextInput(id=control_id(_SLUG, "q"), label="Text", placeholder="Message, note or name", className="filter"),
    ]


FILTERS = FilterForm(_SLUG, ALERTS_PATH, _DEFAULTS, ("q",), _build_controls)


def build_query(filters: dict[str, str], *, today: date) -> dict[str, str]:
    """The filters as the API takes them: it wants both dates, of which people may leave one open."""
    query = {"status": "all", **filters}
    try:
        if "start" in query and "end" not in query:
            query["end"] = max(today, date.fromisoformat(query["start"])).isoformat()
        elif "end" in query and "start" not in query:
            query["start"] = (date.fromisoformat(query["end"]) - timedelta(days=MAX_DAYS - 1)).isoformat()
    except (ValueError, OverflowError):
        # The API says in words what is wrong with a date.
        return query
    return query


def draw(api: MetricsApi, wanted: Wanted) -> Drawn:
    """One entry an alert, and how many there are."""
    filters = FILTERS.parse(wanted)
    query = build_query(filters, today=datetime.now(UTC).date())
    answer = api.fetch_alerts(**query, cursor=wanted.get("cursor"), limit=ROWS)
    more = build_next(ALERTS_PATH, filters, answer.next_cursor, f"{ROWS} alerts")
    return {"found": format_found(answer, filters), "list": [*build_list(answer, filters), *more]}


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


LISTED = ListPage(
    path=ALERTS_PATH,
    slug=_SLUG,
    title="Alert history",
    about="Past and current alerts, and the actions taken on them",
    draw=draw,
    cards=(("list", "Alerts"),),
    scope=Scope.METRICS_READ,
    above=GUARDRAILS,
    filters=FILTERS,
)
PAGE = build_page(LISTED)
