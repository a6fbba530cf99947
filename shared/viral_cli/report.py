"""`viral-engine report`: performance reports on demand."""

import time
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar, get_args

import click
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress

from viral_cli.api_errors import api_errors_explained
from viral_cli.report_text import format_deliveries, format_list, format_report, list_bad_addresses
from viral_cli.stack_connection import Connection, connect
from viral_contract.client.metrics_api import ApiProblemError
from viral_contract.models.deliveries import DeliveriesAnswer
from viral_contract.models.error_text import format_sentence
from viral_contract.models.recipients import split_addresses
from viral_contract.models.reports import ExportFormat, Report, ReportRequest, ReportType

Answer = TypeVar("Answer")
_POLL_SECONDS = 0.5
_UNFINISHED = ("queued", "running")
_DATE = click.DateTime(["%Y-%m-%d"])


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
    if made.status != "ready":
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
