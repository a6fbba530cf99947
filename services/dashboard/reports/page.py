"""One performance report: how far it has come, then what it says, its exports, and its email form."""

from typing import Any, get_args

import structlog
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import Flask, Response, request

from dashboard.components.card import build_blank
from dashboard.components.messages import build_failure, build_refresh_problem
from dashboard.errors import API_FAILURES, build_error, is_final
from dashboard.errors import build_unavailable as answer_unavailable
from dashboard.links import REPORTS_PATH, find_report_id, report_path
from dashboard.live.page import add_tick, build_clock
from dashboard.page import Page
from dashboard.reports.email import build_email_section
from dashboard.reports.email_page import READY, add_email_callbacks, build_email_clock
from dashboard.reports.report import build_report
from dashboard.reports.run import is_unfinished
from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi
from viral_contract.models.reports import ExportFormat

_POLL_SECONDS = 2
_CONTENT_TYPES: dict[ExportFormat, str] = {
    "pdf": "application/pdf",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
_OUTPUTS = {
    "view": Output("report-view", "children"),
    "ready": Output(READY, "data"),
    "rests": Output("report-clock", "disabled"),
    "problem_hidden": Output("report-refresh-problem", "hidden"),
    "shown": Output("report-shown", "data"),
}
_KEPT = dict.fromkeys(_OUTPUTS, no_update)
_log = structlog.get_logger()


def build_layout(_settings: DashboardSettings) -> Component:
    """The frame; the email form stands in it from the start, hidden until there is something to send."""
    return html.Div(
        [
            *build_clock("report", _POLL_SECONDS),
            *build_email_clock(),
            dcc.Store(id=READY),
            dcc.Store(id="report-shown"),
            build_refresh_problem("report", "Could not refresh. Trying again."),
            html.Div([build_blank(640)], id="report-view"),
            build_email_section(),
        ]
    )


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """One callback shows the report, others send it; a plain route exports it."""

    def show(tick: float | None, path: str | None, shown: int | None) -> dict[str, Any]:
        del tick  # A reason to look again, which needs no answer.
        report_id = find_report_id(path)
        if report_id is None:
            return {**_KEPT, "rests": True}
        return show_report(views.api_of_viewer(), report_id, shown)

    add_tick(app, "report")
    app.callback(
        output=_OUTPUTS,
        inputs={
            "tick": Input("report-tick", "data"),
            "path": Input("url", "pathname"),
            "shown": State("report-shown", "data"),
        },
    )(show)
    add_email_callbacks(app, views)
    _add_export(app.server, views)


def show_report(api: MetricsApi, report_id: int, shown: int | None) -> dict[str, Any]:
    """The report, by the names of the callback's outputs; a failed refresh leaves it where it was `shown`."""
    try:
        report = api.fetch_report(report_id)
    except API_FAILURES as error:
        _log.warning("report_failed", report_id=report_id, reason=str(error))
        is_refused = is_final(error)
        if shown == report_id and not is_refused:
            return {**_KEPT, "rests": False, "problem_hidden": False}
        return _replace([build_failure(error, report_path(report_id), what="Report")], rests=is_refused)
    ready = {"ready": report.is_written, "shown": report_id}
    return {**_replace(build_report(report), rests=not is_unfinished(report)), **ready}


def _replace(view: list[Component], *, rests: bool) -> dict[str, Any]:
    """Show something else than before; where it is no report, nothing can be sent."""
    return {"view": view, "ready": False, "rests": rests, "problem_hidden": True, "shown": None}


def _add_export(server: Flask, views: SharedViews) -> None:
    @server.get(f"{REPORTS_PATH}/<int:report_id>/export", endpoint="export_report")
    def export(report_id: int) -> Response:
        return export_report(views.api_of_viewer(), report_id, request.args.get("format", ""))


def export_report(api: MetricsApi, report_id: int, wanted: str) -> Response:
    """The report as a file to keep, or in words why there is none."""
    export_format = next((known for known in get_args(ExportFormat) if known == wanted), None)
    if export_format is None:
        return build_error(404, "not_found", "Unknown format", "Reports can be exported as PDF, HTML, CSV or JSON.")
    try:
        content = api.export_report(report_id, export_format)
    except ApiProblemError as error:
        return build_error(error.status, error.code, "Export failed", error.detail)
    except API_FAILURES:
        return answer_unavailable()
    disposition = f"attachment; filename=viral-report-{report_id}.{export_format}"
    headers = {"Content-Disposition": disposition}
    return Response(content, headers=headers, content_type=_CONTENT_TYPES[export_format])


PAGE = Page(f"{REPORTS_PATH}/<id>", "Report", build_layout, add_callbacks)
