"""The list of performance reports, and the form that asks for another one."""

from collections.abc import Sequence
from datetime import date
from typing import Any, get_args
from urllib.parse import urlencode

import structlog
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from pydantic import ValidationError

from dashboard.admin.deliveries import build_state as build_delivery_state
from dashboard.components.card import build_blank
from dashboard.components.controls import build_segments
from dashboard.components.dates import build_dates
from dashboard.components.messages import build_failure, build_refresh_problem
from dashboard.components.table import Column, build_table
from dashboard.errors import API_FAILURES, format_invalid, is_final
from dashboard.formats import format_minute
from dashboard.links import REPORTS_PATH, SUBSCRIPTIONS_PATH, report_path
from dashboard.lists.view import build_next
from dashboard.live.page import add_tick, build_clock
from dashboard.page import Page
from dashboard.period import read_search
from dashboard.reports.run import build_state, is_unfinished
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi
from viral_contract.models.growth import Verdict
from viral_contract.models.people import Scope
from viral_contract.models.period import Period
from viral_contract.models.reports import ReportRequest, ReportsAnswer, ReportSummary, ReportType
from viral_reports.dates import format_period
from viral_reports.figures import format_count, format_counted, format_k, format_points
from viral_reports.written import TITLES

_ROWS = 25
_POLL_SECONDS = 2
# Messages are tried again for minutes, and those of which nobody knows whether they arrived wait for a person.
_EMAIL_POLL_SECONDS = 10
_FIRST_AND_LAST = 2
_TYPES = {"weekly": "Weekly", "monthly": "Monthly", "custom": "Custom dates"}
_COLUMNS = (
    Column("Report"),
    Column("Status"),
    Column("Honest K", is_figure=True),
    Column("Health score", is_figure=True),
    Column("Email"),
    Column("Requested"),
)
_CHANGES: dict[Verdict, str] = {
    "up": "Up",
    "down": "Down",
    "no_clear_change": "No clear change",
    "too_few_to_say": "Not enough data",
}
_ARROWS: dict[Verdict, str] = {"up": "↑ ", "down": "↓ "}
_OUTPUTS = {
    "list": Output("reports-list", "children"),
    "form_hidden": Output("reports-form", "hidden"),
    "rests": Output("reports-clock", "disabled"),
    "pace": Output("reports-clock", "interval"),
    "problem_hidden": Output("reports-refresh-problem", "hidden"),
    "shown": Output("reports-shown", "data"),
}
_KEPT = dict.fromkeys(_OUTPUTS, no_update)
_log = structlog.get_logger()


def build_layout(_settings: DashboardSettings) -> Component:
    """The frame; the form stands in it from the start, hidden until it is allowed."""
    summary = html.P(
        "Weekly reports run Mondays at 09:00 UTC (previous 7 days), monthly reports on the 1st at 10:00 UTC "
        "(previous 30 days).",
        className="summary",
    )
    return html.Div(
        [
            *build_clock("reports", _POLL_SECONDS),
            dcc.Store(id="reports-shown"),
            html.Header(html.Div([html.H1("Reports"), summary]), className="page-header"),
            build_refresh_problem("reports", "Could not refresh the list. Trying again."),
            _build_form(),
            html.Div([build_blank(420)], id="reports-list", className="card reports"),
        ]
    )


def _build_form() -> Component:
    kind = build_segments("reports-type", "New report type", _TYPES, "weekly")
    dates = html.Div(build_dates("reports-dates"), id="reports-dates-box", hidden=True)
    button = html.Button("Generate report", id="reports-generate", className="button button-primary")
    return html.Section(
        [
            html.H2("Generate a report", className="card-heading"),
            html.P(id="reports-hint", className="hint"),
            html.Div([kind, dates, button], className="action-row"),
            html.P(id="reports-said", className="said", role="status"),
            html.P(
                ["Manage who gets scheduled reports by email: ", dcc.Link("Subscriptions", href=SUBSCRIPTIONS_PATH)],
                className="hint",
            ),
        ],
        id="reports-form",
        className="card generate",
        hidden=True,
    )


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """One callback shows the list, one asks for a report, one fits the form to the type."""

    def show(tick: float | None, said: str | None, search: str | None, shown: bool | None) -> dict[str, Any]:
        del tick, said  # Reasons to look again, which need no answer.
        return show_list(views.api_of_viewer(), search, is_shown=bool(shown))

    def generate(_presses: int | None, kind: ReportType, dates: list[str | None] | None) -> str:
        return request_report(views.api_of_viewer(), kind, dates or [])

    add_tick(app, "reports")
    app.callback(
        output=_OUTPUTS,
        inputs={
            "tick": Input("reports-tick", "data"),
            "said": Input("reports-said", "children"),
            "search": Input("url", "search"),
            "shown": State("reports-shown", "data"),
        },
    )(show)
    app.callback(
        Output("reports-said", "children"),
        Input("reports-generate", "n_clicks"),
        State("reports-type", "value"),
        State("reports-dates", "value"),
        running=[(Output("reports-generate", "disabled"), True, False)],
        prevent_initial_call=True,
    )(generate)
    app.callback(
        output={"hint": Output("reports-hint", "children"), "dates_hidden": Output("reports-dates-box", "hidden")},
        inputs={"kind": Input("reports-type", "value")},
    )(fit_form)


def fit_form(kind: ReportType) -> dict[str, Any]:
    """What the type covers, and whether dates are hidden, which only custom reports take."""
    hints: dict[ReportType, str] = {
        "weekly": "The 7 days ending yesterday (UTC)",
        "monthly": "The 30 days ending yesterday (UTC)",
        "custom": "Up to 366 days, ending today or earlier",
    }
    return {"hint": hints[kind], "dates_hidden": kind != "custom"}


def show_list(api: MetricsApi, search: str | None, *, is_shown: bool) -> dict[str, Any]:
    """The list, by the names of the callback's outputs; a failed refresh leaves it where there was one."""
    report_type, cursor = _parse_search(search)
    try:
        answer = api.fetch_reports(report_type=report_type, cursor=cursor, limit=_ROWS)
    except API_FAILURES as error:
        _log.warning("reports_failed", reason=str(error))
        is_refused = is_final(error)
        if is_shown and not is_refused:
            return {**_KEPT, "rests": False, "problem_hidden": False}
        return _replace([build_failure(error, REPORTS_PATH + search_of(report_type))], rests=is_refused)
    is_made = any(is_unfinished(report) for report in answer.reports)
    is_mailed = any(report.delivery_status == "in_progress" for report in answer.reports)
    return {
        "list": build_list(answer, report_type),
        "form_hidden": not _may_generate(),
        "rests": not is_made and not is_mailed,
        "pace": (_POLL_SECONDS if is_made else _EMAIL_POLL_SECONDS) * 1000,
        "problem_hidden": True,
        "shown": True,
    }


def _replace(notice: list[Component], *, rests: bool) -> dict[str, Any]:
    """Show something instead of a list."""
    return {**_KEPT, "list": notice, "form_hidden": True, "rests": rests, "problem_hidden": True, "shown": False}


def request_report(api: MetricsApi, kind: ReportType, dates: Sequence[str | None]) -> str:
    """Ask for a report; what came of it, in words."""
    chosen = [date.fromisoformat(day) for day in dates if day] if kind == "custom" else [None, None]
    if len(chosen) != _FIRST_AND_LAST:
        return "No report was requested. Choose a start date and an end date."
    try:
        asked = api.request_report(ReportRequest(report_type=kind, period_start=chosen[0], period_end=chosen[1]))
    except ValidationError as error:
        return f"No report was requested: {format_invalid(error)}."
    except ApiProblemError as error:
        return f"No report was requested. {error.detail}"
    except API_FAILURES:
        return "No report was requested. The metrics API is not responding. Try again in a minute."
    return f"Report {asked.id} is {asked.status}."


def _parse_search(search: str | None) -> tuple[ReportType | None, str | None]:
    given = read_search(search)
    kind = next((kind for kind in get_args(ReportType) if kind == given.get("report_type")), None)
    return kind, given.get("cursor")


def _may_generate() -> bool:
    return current_viewer().may(Scope.REPORTS_WRITE)


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
        html.Span(
            [title, html.Span(f"{dates} · #{report.id}", className="row-note"), *_build_links(report)],
            className="row-who",
        ),
        build_state(report),
        _build_k(report),
        _build_score(report),
        _build_email(report),
        _build_request(report),
    )


def _build_links(report: ReportSummary) -> list[Component]:
    links = {"Restated by": report.restated_by, "Restates": report.restates}
    return [
        html.Span([f"{what} ", dcc.Link(f"#{number}", href=report_path(number))], className="row-note")
        for what, number in links.items()
        if number
    ]


def _build_k(report: ReportSummary) -> Component | str:
    """Cohort K where it is known, the K-factor under it; an arrow and a color only where the change is clear."""
    if report.k_factor is None or report.k_factor_verdict is None:
        return "–"
    verdict = report.k_factor_verdict
    arrow = [html.Span(_ARROWS[verdict], **{"aria-hidden": "true"})] if verdict in _ARROWS else []
    look = verdict if verdict in _ARROWS else "stable"
    lead = "–" if report.honest_k is None else format_k(report.honest_k)
    return html.Span(
        [
            lead,
            html.Span(f"K-factor {format_k(report.k_factor)}", className="row-note"),
            html.Span([*arrow, _CHANGES[verdict]], className=f"row-note trend-{look}"),
        ],
        className="row-who",
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
    chosen = {"report_type": report_type} if report_type else {}
    return build_next(REPORTS_PATH, chosen, answer.next_cursor, f"{format_count(len(answer.reports))} reports")


PAGE = Page(REPORTS_PATH, "Reports", build_layout, add_callbacks, icon="report")
