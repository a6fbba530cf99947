"""The list of performance reports, the newest first."""

from urllib.parse import urlencode

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.admin.deliveries import build_state as build_delivery_state
from dashboard.components.table import Column, build_table, build_way_on
from dashboard.formats import format_minute
from dashboard.links import REPORTS_PATH, report_path
from dashboard.reports.run import build_state
from viral_contract.models.growth import Trend
from viral_contract.models.period import Period
from viral_contract.models.reports import ReportsAnswer, ReportSummary, ReportType
from viral_reports.dates import format_period
from viral_reports.figures import format_count, format_counted, format_k, format_points
from viral_reports.titles import TITLES

_COLUMNS = (
    Column("Report"),
    Column("Status"),
    Column("K-factor", is_figure=True),
    Column("Health score", is_figure=True),
    Column("Email"),
    Column("Requested"),
)
_ARROWS: dict[Trend, str] = {"up": "↑", "down": "↓", "stable": "→"}


def build_list(answer: ReportsAnswer, report_type: ReportType | None) -> list[Component]:
    """The filter, the reports of one type or all, and the way to older ones."""
    if not answer.reports:
        kind = f"{report_type} " if report_type else ""
        return [build_filter(report_type), html.P(f"No {kind}reports yet.", className="nothing")]
    total = html.P(f"{format_counted(answer.total_reports, 'report')}, newest first", className="hint")
    rows = [_build_row(report) for report in answer.reports]
    table = build_table("Performance reports, newest first", _COLUMNS, rows)
    return [build_filter(report_type), total, table, *_build_way_on(answer, report_type)]


def build_filter(chosen: ReportType | None) -> Component:
    """Links that narrow the list to one type."""
    choices: list[tuple[ReportType | None, str]] = [
        (None, "All"),
        ("weekly", "Weekly"),
        ("monthly", "Monthly"),
        ("custom", "Custom"),
    ]
    links = [_build_choice(label, search_of(kind), is_chosen=kind == chosen) for kind, label in choices]
    return html.Nav(links, className="choices", **{"aria-label": "Report type"})


def search_of(report_type: ReportType | None) -> str:
    """The query string of the list of one type."""
    return f"?{urlencode({'report_type': report_type})}" if report_type else ""


def _build_choice(label: str, search: str, *, is_chosen: bool) -> Component:
    # dcc.Link has no aria-current; what surrounds it carries it instead.
    state = {"aria-current": "true"} if is_chosen else {}
    link = dcc.Link(label, href=REPORTS_PATH + search, className="choice")
    return html.Div(link, className="choice-here" if is_chosen else None, **state)


def _build_row(report: ReportSummary) -> tuple[Component | str, ...]:
    dates = format_period(Period.between(report.period_start, report.period_end))
    title = dcc.Link(TITLES[report.report_type], href=report_path(report.id))
    return (
        html.Span([title, html.Span(f"{dates} · #{report.id}", className="row-note")], className="row-who"),
        build_state(report),
        _build_k(report),
        _build_score(report),
        _build_email(report),
        _build_request(report),
    )


def _build_k(report: ReportSummary) -> Component | str:
    if report.k_factor is None or report.k_factor_trend is None:
        return "–"
    trend = report.k_factor_trend
    words = [html.Span(_ARROWS[trend], **{"aria-hidden": "true"}), f" {trend.capitalize()}"]
    return html.Span(
        [format_k(report.k_factor), html.Span(words, className=f"row-note trend-{trend}")], className="row-who"
    )


def _build_score(report: ReportSummary) -> Component | str:
    """A finished report without a score says so; it is of a period without data, or of one that is purged."""
    if report.health_score is not None:
        return format_points(report.health_score)
    return html.Span(report.health_missing, className="row-note") if report.health_missing else "–"


def _build_email(report: ReportSummary) -> Component | str:
    status = report.delivery_status
    return "–" if status == "none" else build_delivery_state(status.replace("_", " "))


def _build_request(report: ReportSummary) -> Component:
    when = f"{format_minute(report.created_at)} UTC"
    return html.Span([report.requested_by, html.Span(when, className="row-note")], className="row-who requested")


def _build_way_on(answer: ReportsAnswer, report_type: ReportType | None) -> list[Component]:
    if not answer.next_cursor:
        return []
    chosen = {"report_type": report_type} if report_type else {}
    return [
        build_way_on(
            REPORTS_PATH, {**chosen, "cursor": answer.next_cursor}, f"{format_count(len(answer.reports))} reports"
        )
    ]
