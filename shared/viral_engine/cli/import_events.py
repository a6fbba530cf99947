"""`viral-engine import FILE`."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from viral_engine.cli.api_errors import api_errors_explained
from viral_engine.cli.event_files import read_facts, read_records
from viral_engine.cli.event_mapping import (
    EVENT_TYPES,
    EventMapping,
    MappingError,
    build_mapping,
    parse_columns,
)
from viral_engine.cli.import_batches import build_batches, send_batch
from viral_engine.cli.import_state import ImportState, StateFile
from viral_engine.cli.stack_connection import Connection, connect

_SAMPLE_ROWS = 100
_LONGEST_PERIOD_DAYS = 366
_HOPELESS_REJECTIONS = 1_000
_SHOWN_WHEN_HOPELESS = 10
_INTERRUPTED = 130


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--map", "columns", default="", metavar="FIELD=COLUMN,...", help="Which column feeds which field.")
@click.option("--type", "event_type", type=click.Choice(EVENT_TYPES), help="What every row is.")
@click.option(
    "--fingerprint",
    default="",
    metavar="COLUMN,...",
    help="Tell devices apart by these columns; their hash becomes device_fingerprint.",
)
def import_events(file: Path, columns: str, event_type: str | None, fingerprint: str) -> None:
    """Bring the events of a CSV or NDJSON file in.

    Columns named like the fields of an event need no option. Importing a file again changes nothing; after an
    interruption the same command goes on. Rows that the API rejects are listed with their line numbers.
    """
    mapping = _choose_mapping(file, columns, event_type, fingerprint)
    connection = connect()
    facts = read_facts(file)
    states = StateFile(connection.var / "imports", facts.sha256, repr(mapping), connection.api_url)
    state = states.load()
    if state.records:
        click.echo(f"Going on after line {state.line:,}.")
    try:
        with api_errors_explained(connection.api_url, "The same command goes on from here."):
            for reached in _send_with_progress(file, facts.lines, mapping, connection, state):
                states.save(state := reached)
    except KeyboardInterrupt:
        click.echo(f"Stopped after line {state.line:,}; the same command goes on from there.", err=True)
        raise click.exceptions.Exit(_INTERRUPTED) from None
    states.clear()
    click.echo(format_summary(file.name, state, connection.dashboard_url))
    if state.rejected and not state.accepted + state.duplicates:
        raise click.exceptions.Exit(1)


def format_summary(name: str, state: ImportState, dashboard_url: str) -> str:
    """What an import did, and the page that shows its period."""
    late = {"older than what is kept": state.expired, "of people who were erased": state.erased}
    counts = [f"{state.accepted:,} new", f"{state.duplicates:,} known already", f"{state.rejected:,} rejected"]
    lines = [f"{name}: {', '.join([*counts, *(f'{rows:,} {what}' for what, rows in late.items() if rows)])}."]
    if state.first_day and state.last_day:
        last = date.fromisoformat(state.last_day)
        first = max(date.fromisoformat(state.first_day), last - timedelta(days=_LONGEST_PERIOD_DAYS - 1))
        lines.append(f"{dashboard_url}/dashboard/guardrails?start={first}&end={last}")
    return "\n".join(lines)


def _choose_mapping(file: Path, columns: str, event_type: str | None, fingerprint: str) -> EventMapping:
    sample = [record.values for record in islice(read_records(file), _SAMPLE_ROWS) if not record.problem]
    try:
        return build_mapping(
            file.name,
            sample,
            mapped=parse_columns(columns),
            event_type=event_type,
            fingerprint_columns=[name.strip() for name in fingerprint.split(",") if name.strip()],
        )
    except MappingError as error:
        raise click.ClickException(str(error)) from error


def _send_with_progress(
    file: Path, lines: int, mapping: EventMapping, connection: Connection, state: ImportState
) -> Iterator[ImportState]:
    """Send the rest of the file and answer the state after each batch, with a bar on a terminal."""
    console = Console(stderr=True)
    parts = TextColumn(file.name), BarColumn(), TextColumn("line {task.completed:,.0f}"), TimeRemainingColumn()
    with Progress(*parts, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=lines, completed=state.line)
        rest = islice(read_records(file), state.records, None)
        for batch in build_batches(rest, mapping):
            state, complaints = send_batch(connection.api, batch, state, datetime.now(UTC))
            _check_hopeful(state, complaints)
            for complaint in complaints:
                console.print(complaint, markup=False, highlight=False, soft_wrap=True)
            progress.update(bar, completed=state.line)
            yield state


def _check_hopeful(state: ImportState, complaints: list[str]) -> None:
    """Stop before a wrong option fills the screen with the same complaint."""
    if state.rejected >= _HOPELESS_REJECTIONS and not state.accepted + state.duplicates:
        shown = "\n".join(complaints[:_SHOWN_WHEN_HOPELESS])
        raise click.ClickException(f"The first {state.rejected:,} rows were all rejected:\n{shown}")
