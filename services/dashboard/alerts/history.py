"""The history of alerts: those that ended and those that last, of a period."""

from datetime import UTC, datetime

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.page_header import GUARDRAILS
from dashboard.components.table import build_moment
from dashboard.guardrails.alerts import TITLES, build_severity, format_status, format_title
from dashboard.links import ALERTS_PATH, alert_path
from dashboard.lists.sorted_table import CsvValue, ListColumn, ListRow
from dashboard.lists.table_page import Listing, TablePage, build_page
from dashboard.lists.toolbar import ANY, Choice, Toolbar
from dashboard.period import Query, find_dates
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.alerts import Alert, AlertSeverity, StatusFilter
from viral_reports.dates import format_period

DAYS = 90
_STATUSES: dict[StatusFilter, str] = {
    "all": "All",
    "ended": "Closed",
    "unresolved": "Unresolved",
    "open": "Open or acknowledged",
    "acknowledged": "Acknowledged",
    "snoozed": "Snoozed",
    "resolved": "Resolved",
    "false_positive": "False positive",
}
_SEVERITIES: dict[AlertSeverity, str] = {"critical": "Critical", "high": "High", "medium": "Medium"}
_COLUMNS = (
    ListColumn("Alert", "type", "asc", phone="name"),
    ListColumn("Severity", "severity", phone="figure"),
    ListColumn("Status", phone="note"),
    ListColumn("Opened", "opened", rank=2, phone="end"),
    ListColumn("Closed", rank=3),
)
_CHOICES = (
    Choice("status", "Status", {str(name): word for name, word in _STATUSES.items()}),
    Choice("severity", "Severity", {ANY: "All", **{str(name): word for name, word in _SEVERITIES.items()}}),
    Choice("type", "Kind", {ANY: "All", **{str(name): word for name, word in TITLES.items()}}),
)


def fetch(api: MetricsApi, query: Query, _search: str) -> Listing:
    """A page of alerts that lasted in the period."""
    period = find_dates(query, now=datetime.now(UTC))
    answer = api.fetch_alerts(**{"status": "all", **query})
    return Listing(
        rows=[_build_row(alert) for alert in answer.alerts],
        total=answer.total_alerts,
        next_cursor=answer.next_cursor,
        about=f"{format_period(period)} · alerts that were open at any time of it",
        nothing="No alerts in this period",
        dates=f"{period.start}_{period.end}",
    )


def _build_row(alert: Alert) -> ListRow:
    title = format_title(alert)
    cells = (
        _build_name(alert),
        build_severity(alert.severity),
        _build_status(alert),
        build_moment(alert.opened_at),
        build_moment(alert.resolved_at) if alert.resolved_at else "–",
    )
    return ListRow(str(alert.id), f"{title}, alert {alert.id}", cells, _list_record(alert))


def _build_name(alert: Alert) -> Component:
    link = dcc.Link(format_title(alert), href=alert_path(alert.id))
    return html.Div([link, html.P(alert.message, className="row-note")], className="why")


def _build_status(alert: Alert) -> Component:
    """The status, who set it, and what they noted."""
    note = [html.P(f"“{alert.note}”", className="row-note")] if alert.note else []
    return html.Div([format_status(alert), *note], className="why")


def _list_record(alert: Alert) -> dict[str, CsvValue]:
    return alert.model_dump(mode="json", exclude={"evidence"})


LISTED = TablePage(
    path=ALERTS_PATH,
    slug="alert-history",
    title="Alert history",
    nouns=("alert", "alerts"),
    columns=_COLUMNS,
    fetch=fetch,
    sort="severity",
    toolbar=Toolbar("Message, note or name", _CHOICES),
    above=GUARDRAILS,
    days=DAYS,
)
PAGE = build_page(LISTED)
