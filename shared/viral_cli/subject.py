"""`viral-engine subject`: export or erase all data about one child, device or IP address."""

from pathlib import Path
from typing import get_args

import click

from viral_cli.stack_connection import api_errors_explained, connect
from viral_contract.models.privacy import PrivacyRequest, PrivacyRequestDraft, RequestKind, SubjectKind
from viral_reports.figures import format_counted

_NOTHING = (
    "No data found for this ID. Check it. Request {0} stays open. If the ID is correct, close it with "
    "`viral-engine subject close {0}`."
)
_ADVICE = "Recorded requests are listed at /dashboard/privacy."
_KIND = click.option(
    "--kind",
    "subject_kind",
    type=click.Choice(get_args(SubjectKind)),
    default="user",
    show_default=True,
    help="What the ID identifies.",
)
_NOTE = click.option("--note", help="Who made the request, and how their authority was verified.")


@click.group()
def subject() -> None:
    """Answer a parent's request. The request and its result are recorded."""


@subject.command("export")
@click.argument("subject_id")
@_KIND
@_NOTE
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The JSON file to write.")
def export(subject_id: str, subject_kind: SubjectKind, note: str | None, out: Path) -> None:
    """Export all data stored about SUBJECT_ID to a file."""
    connection = connect()
    with api_errors_explained(connection.api_url, _ADVICE):
        request = connection.api.record_privacy_request(_draft("export", subject_kind, subject_id, note))
        exported = connection.api.export_subject(request.id)
    if not any(exported.data.values()):
        raise click.ClickException(_NOTHING.format(request.id))
    out.write_text(exported.model_dump_json(indent=2) + "\n")
    rows = sum(len(rows) for rows in exported.data.values())
    click.echo(f"{rows} records are in {out} (request {request.id}).")


@subject.command("erase")
@click.argument("subject_id")
@_KIND
@_NOTE
@click.option("--with-devices", is_flag=True, help="Include devices that no one else has used.")
@click.option("--with-sessions", is_flag=True, help="Include sessions that no one else has used.")
@click.option("--yes", is_flag=True, help="Skip confirmation.")
def erase(
    subject_id: str,
    subject_kind: SubjectKind,
    note: str | None,
    with_devices: bool,
    with_sessions: bool,
    yes: bool,
) -> None:
    """Erase all data about SUBJECT_ID. This can't be undone."""
    if not yes:
        click.confirm(f"Erase everything about the {subject_kind} {subject_id}? This can't be undone.", abort=True)
    connection = connect()
    with api_errors_explained(connection.api_url, _ADVICE):
        request = connection.api.record_privacy_request(_draft("erase", subject_kind, subject_id, note))
        done = connection.api.erase_subject(request.id, with_devices=with_devices, with_sessions=with_sessions)
    if done.status == "open":
        raise click.ClickException(_NOTHING.format(done.id))
    for table, rows in (done.result or {}).items():
        click.echo(f"{table}: {rows}")
    click.echo(f"Erased (request {done.id}). Facts for the affected days are rebuilt within a minute.")
    _list_traces(done)


@subject.command("erase-traces")
@click.argument("request_id", type=int)
def erase_traces(request_id: int) -> None:
    """Erase devices and sessions used only by the subject of erasure REQUEST_ID."""
    connection = connect()
    with api_errors_explained(connection.api_url, _ADVICE):
        done = connection.api.erase_traces(request_id)
    click.echo(f"Erased (request {done.id}).")
    _list_traces(done)


def _list_traces(done: PrivacyRequest) -> None:
    """What remains for the subject's devices, sessions and addresses, and how to erase it."""
    if not done.traces:
        return
    click.echo("Remaining data:")
    for trace in done.traces:
        users = f"used by {trace.others} more" if trace.others else "used by no one else"
        click.echo(f"  {trace.kind} {trace.id}: {format_counted(trace.events, 'event')}, {users}")
    if any(trace.kind != "ip_address" and not trace.others for trace in done.traces):
        click.echo(f"To erase devices and sessions no one else used: `viral-engine subject erase-traces {done.id}`.")


@subject.command("close")
@click.argument("request_id", type=int)
def close(request_id: int) -> None:
    """Close the open request REQUEST_ID when no data is stored under its ID."""
    connection = connect()
    with api_errors_explained(connection.api_url, _ADVICE):
        connection.api.close_privacy_request(request_id)
    click.echo(f"Request {request_id} is closed. No data is stored.")


def _draft(kind: RequestKind, subject_kind: SubjectKind, subject_id: str, note: str | None) -> PrivacyRequestDraft:
    return PrivacyRequestDraft(kind=kind, subject_kind=subject_kind, subject_id=subject_id, note=note)
