"""Reports: request, list, read and export them."""

from datetime import UTC, datetime
from http import HTTPStatus

from flask import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from metrics_api.api.authentication import current_principal
from metrics_api.api.context import current_context
from metrics_api.api.enqueue import enqueue
from metrics_api.api.mailing import ask_for_emails, check_recipients, number_recipients, sees_recipients
from metrics_api.api.problems import ProblemError, not_found
from metrics_api.api.queries import ListQuery, read_page
from metrics_api.api.routing import ROW_ID, Resource
from metrics_api.deliveries.transitions import DELIVERIES
from metrics_api.reports.exports import export_report
from metrics_api.reports.listing import CURSOR, fetch_report, fetch_reports
from metrics_api.reports.requests import request_run
from metrics_api.reports.runs import RUNS
from viral_contract.models.flags import Flag
from viral_contract.models.people import Scope
from viral_contract.models.problem import Problem
from viral_contract.models.recipients import mask_recipient
from viral_contract.models.reports import (
    ExportFormat,
    Report,
    ReportRequest,
    ReportRequested,
    ReportsAnswer,
    ReportType,
)

reports = Resource("reports", Flag.PERFORMANCE_REPORTS)


class ReportsQuery(ListQuery):
    """Query of the list of reports."""

    report_type: ReportType | None = Field(None, description="Only reports of this type")


class ExportQuery(BaseModel):
    """Query of an export."""

    model_config = ConfigDict(extra="forbid")

    format: ExportFormat = Field("pdf", description="The file's format")


@reports.route(
    "POST",
    "/v1/reports",
    scope=Scope.REPORTS_WRITE,
    answers={HTTPStatus.ACCEPTED: ReportRequested, HTTPStatus.OK: ReportRequested},
)
def post_report(body: ReportRequest) -> tuple[ReportRequested, HTTPStatus]:
    """Generate a report; the same request within 60 seconds is the same report."""
    check_recipients(number_recipients(body.recipient_emails))
    now = datetime.now(UTC)
    with current_context().database.write() as connection:
        requested = request_run(connection, body, by=current_principal().name, now=now)
        if requested.late_recipients:
            ask_for_emails(connection, requested.run_id, requested.late_recipients, now=now)
    enqueue(RUNS)
    if requested.late_recipients:
        enqueue(DELIVERIES)
    answer = ReportRequested(id=requested.run_id, status=requested.status)
    return answer, HTTPStatus.ACCEPTED if requested.created else HTTPStatus.OK


@reports.route("GET", "/v1/reports", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: ReportsAnswer})
def get_reports(query: ReportsQuery, connection: Connection) -> ReportsAnswer:
    """List reports, newest first."""
    page = read_page(query, CURSOR)
    return fetch_reports(connection, query.report_type, page, current_context().references)


@reports.route("GET", f"/v1/reports/<{ROW_ID}:report_id>", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: Report})
def get_report(report_id: int, connection: Connection) -> Report:
    """Get a report, or the progress of its run."""
    report = _found(fetch_report(connection, report_id), report_id)
    if not sees_recipients():
        report.recipient_emails = [mask_recipient(recipient) for recipient in report.recipient_emails]
    return report


@reports.route(
    "GET",
    f"/v1/reports/<{ROW_ID}:report_id>/export",
    scope=Scope.METRICS_READ,
    answers={HTTPStatus.OK: None, HTTPStatus.CONFLICT: Problem},
)
def get_export(report_id: int, query: ExportQuery) -> Response:
    """Export a finished report as a file."""
    # Its own transaction, which ends before the file is rendered.
    with current_context().database.read() as connection:
        report = get_report(report_id, connection)
    if not report.is_written:
        raise ProblemError(HTTPStatus.CONFLICT, "not_ready", f"Report {report_id} is {report.status}.")
    export = export_report(current_context().database, report, query.format)
    headers = {
        "Content-Disposition": f'attachment; filename="{_name_file(report)}.{query.format}"',
        # If someone opens the page from here, it must not run or load anything.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(export.content, headers=headers, content_type=export.media_type)


def _name_file(report: Report) -> str:
    return f"{report.report_type}-report-{report.period_start}-to-{report.period_end}"


def _found(report: Report | None, report_id: int) -> Report:
    if report is None:
        raise not_found(f"report {report_id}")
    return report
