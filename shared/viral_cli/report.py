"""`viral-engine report`: performance reports on demand."""

import re
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar, get_args

import click
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress

from viral_cli.stack_connection import Connection, api_errors_explained, connect
from viral_contract.client.metrics_api import ApiProblemError
from viral_contract.models.deliveries import DeliveriesAnswer
from viral_contract.models.period import Period
from viral_contract.models.problem import format_sentence
from viral_contract.models.recipients import split_addresses
from viral_contract.models.reports import (
    ExportFormat,
    Report,
    ReportFacts,
    ReportRequest,
    ReportsAnswer,
    ReportSummary,
    ReportType,
)
from viral_reports.blocks import format_compliance, format_fraud_flags, format_k_of, format_score
from viral_reports.figures import (
    format_change,
    format_count,
    format_k,
    format_period,
    format_points,
    format_rate,
)

Answer = TypeVar("Answer")
_POLL_SECONDS = 0.5
_UNFINISHED = ("queued", "running")
_DATE = click.DateTime(["%Y-%m-%d"])
_POINTER = re.compile(r"/recipient_emails/(\d+)")


@click.group()
def report() -> None:
    """Generate, list, show, export and email performance reports."""


@report.command()
@click.option("--type", "report_type", type=click.Choice(get_args(ReportType)), default="weekly", show_default=True)
@click.option("--from", "start", type=_DATE, metavar="YYYY-MM-DD", help="First date (UTC) of a custom report.")
@click.option("--to", "end", type=_DATE, metavar="YYYY-MM-DD", help="Last date (UTC) of a custom report.")
@click.option("--no-wait", is_flag=True, help="Request the report without waiting for it.")
def generate(report_type: ReportType, start: datetime | None, end: datetime | None, no_wait: bool) -> None:
    """Generate a report for the 7 or 30 days ending yesterday, or for given dates."""
    request = _build_request(report_type, start.date() if start else None, end.date() if end else None)
    connection = connect()
    asked = _call(connection, lambda: connection.api.request_report(request))
    if no_wait:
        click.echo(f"Report {asked.id} is {asked.status}. View it with `viral-engine report show {asked.id}`.")
        return
    made = _wait(connection, asked.id)
    if not made.is_written:
        raise click.ClickException(f"Report {made.id} is {made.status}: {made.last_error or made.progress_step}")
    click.echo(format_report(made))
    click.echo(f"\n{connection.dashboard_url}/dashboard/reports/{made.id}")


@report.command("list")
@click.option("--type", "report_type", type=click.Choice(get_args(ReportType)), help="Only reports of this type.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    help="Most reports to list.",
)
def list_reports(report_type: ReportType | None, limit: int) -> None:
    """List reports, newest first."""
    connection = connect()
    answer = _call(connection, lambda: connection.api.fetch_reports(report_type=report_type, limit=limit))
    click.echo(format_list(answer))


@report.command()
@click.argument("report_id", type=int)
def show(report_id: int) -> None:
    """Show a report or its progress."""
    connection = connect()
    click.echo(format_report(_call(connection, lambda: connection.api.fetch_report(report_id))))


@report.command()
@click.argument("report_id", type=int)
@click.option("--format", "export_format", type=click.Choice(get_args(ExportFormat)), default="pdf", show_default=True)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write.  [default: report-ID.FORMAT]"
)
def export(report_id: int, export_format: ExportFormat, output: Path | None) -> None:
    """Save a finished report to a file."""
    connection = connect()
    content = _call(connection, lambda: connection.api.export_report(report_id, export_format))
    path = output or Path(f"report-{report_id}.{export_format}")
    path.write_bytes(content)
    click.echo(f"{path}: {len(content):,} bytes")


@report.command()
@click.argument("report_id", type=int)
@click.option(
    "--to",
    "recipients",
    required=True,
    multiple=True,
    metavar="ADDRESSES",
    help="Separate addresses with commas or semicolons. Can be repeated.",
)
def deliver(report_id: int, recipients: Sequence[str]) -> None:
    """Email a finished report to each address, once."""
    connection, addresses = connect(), split_addresses(",".join(recipients))
    answer = _call(connection, lambda: _deliver(connection, report_id, addresses))
    click.echo(format_deliveries(answer))


def _deliver(connection: Connection, report_id: int, addresses: list[str]) -> DeliveriesAnswer:
    """Request the deliveries. Raises UsageError with each invalid address."""
    try:
        return connection.api.deliver_report(report_id, addresses)
    except ApiProblemError as error:
        if bad := list_bad_addresses(error, addresses):
            raise click.UsageError("\n".join(["Nothing was sent.", *bad])) from error
        raise


def _build_request(report_type: ReportType, start: date | None, end: date | None) -> ReportRequest:
    try:
        return ReportRequest(report_type=report_type, period_start=start, period_end=end)
    except ValidationError as error:
        message = format_sentence(error.errors()[0])
        message = message.replace("period_start", "--from").replace("period_end", "--to")
        raise click.UsageError(message) from error


def _call(connection: Connection, send: Callable[[], Answer]) -> Answer:
    with api_errors_explained(connection.api_url, "Nothing was changed."):
        return send()


def _wait(connection: Connection, report_id: int) -> Report:
    """Wait for the run to end, with a progress bar on a terminal, and return the report."""
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(f"Report {report_id}", total=100)
        while (made := _call(connection, lambda: connection.api.fetch_report(report_id))).status in _UNFINISHED:
            progress.update(bar, completed=made.progress_pct, description=f"Report {report_id}: {made.progress_step}")
            time.sleep(_POLL_SECONDS)
        progress.update(bar, completed=100)
    return made


def format_list(answer: ReportsAnswer) -> str:
    """One line per report, under a heading."""
    rows = [("ID", "TYPE", "PERIOD", "STATUS", "K", "HEALTH"), *(_list_cells(report) for report in answer.reports)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if len(answer.reports) < answer.total_reports:
        lines.append(f"({answer.total_reports:,} total)")
    return "\n".join(lines)


def format_report(report: Report) -> str:
    """The report's content, or its progress."""
    if report.facts is None:
        return f"{_format_title(report)}\n{report.status}: {report.last_error or report.progress_step}"
    insights = [f"  - {insight.text}" for insight in report.insights]
    advice = [f"  {number}. {text}" for number, text in enumerate(report.recommendations, start=1)]
    figures = [f"  {name:<18}{value}" for name, value in _list_figures(report.facts)]
    return "\n".join([_format_title(report), *figures, "Insights", *insights, "Recommendations", *advice])


def format_deliveries(answer: DeliveriesAnswer) -> str:
    """One line per recipient, with a note while email is off."""
    lines = [f"{delivery.recipient_email}: {delivery.status}" for delivery in answer.deliveries]
    if not answer.email_enabled:
        lines.append("Email queued for future delivery (placeholder): email delivery is turned off, nothing is sent.")
    return "\n".join(lines)


def list_bad_addresses(error: ApiProblemError, addresses: Sequence[str]) -> list[str]:
    """One line for each address that the API refused."""
    found = [(_POINTER.fullmatch(item["pointer"]), item["detail"]) for item in error.errors]
    return [f"{addresses[int(pointer[1])]}: {detail}" for pointer, detail in found if pointer]


def _format_title(report: ReportSummary) -> str:
    return f"Report {report.id}: {report.report_type}, {_format_period(report)}"


def _format_period(report: ReportSummary) -> str:
    return format_period(Period.between(report.period_start, report.period_end))


def _list_cells(report: ReportSummary) -> tuple[str, ...]:
    k_factor = "" if report.k_factor is None else format_k(report.k_factor)
    health = report.health_missing or "" if report.health_score is None else format_points(report.health_score)
    return str(report.id), report.report_type, _format_period(report), report.status, k_factor, health


def _list_figures(facts: ReportFacts) -> list[tuple[str, str]]:
    now, (k_change, rate_change) = facts.current, _list_changes(facts)
    return [
        ("K-factor", f"{format_k_of(facts)} ({k_change})"),
        ("Conversions", format_count(now.total_conversions)),
        ("Conversion rate", f"{format_rate(now.conversion_rate)} ({rate_change})"),
        ("Active users", format_count(now.active_users)),
        ("Invites", f"{format_count(now.viral_links_created)}, {format_count(now.viral_links_clicked)} clicked"),
        ("Health score", format_score(facts) + (f" ({facts.health_status})" if facts.health_status else "")),
        ("COPPA compliance", format_compliance(facts)),
        ("Fraud flags", format_fraud_flags(facts)),
    ]


def _list_changes(facts: ReportFacts) -> tuple[str, str]:
    """The changes behind K and the conversion rate."""
    if not facts.is_over:
        return "period in progress", "so far"
    return f"{facts.k_factor_trend}, {format_change(facts.k_factor_change_pct)}", facts.conversion_trend
