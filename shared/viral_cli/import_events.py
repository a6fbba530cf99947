"""`viral-engine import FILE`: the rows of a CSV or JSON file become events."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from viral_cli.csv_rows import CsvHeaderError, CsvLayout, find_csv_layout, read_csv
from viral_cli.event_mapping import (
    EVENT_TYPES,
    FIELDS,
    EventMapping,
    MappingError,
    build_mapping,
    find_columns,
    parse_columns,
)
from viral_cli.event_source import BLANK, EventSource, Record, UnreadableFileError, open_source, read_lines
from viral_cli.import_batches import ImportState, StateFile, build_batches, send_batch
from viral_cli.json_rows import JsonLayout, find_json_layout, read_json_lines, read_json_values
from viral_cli.row_ids import RowIds
from viral_cli.stack_connection import Connection, api_errors_explained, connect
from viral_cli.text_encodings import Encoding, find_named

_HEAD_CHARACTERS = 1024 * 1024


@dataclass(frozen=True)
class EventFile:
    """A file with its layout; `known` are the column names of event fields."""

    source: EventSource
    layout: CsvLayout | JsonLayout | None
    known: Collection[str]

    @property
    def description(self) -> str:
        """The layout and the encoding in words."""
        parts = [self.layout.description if self.layout else "Empty"]
        parts += ["from a pipe"] * self.source.is_pipe + ["gzip"] * self.source.is_gzip
        return ", ".join([*parts, f"encoding {self.source.encoding.label}"])

    def read_records(self) -> Iterator[Record]:
        """Every row; an unreadable one is a record with a problem, and reading continues."""
        if isinstance(self.layout, CsvLayout):
            yield from self._read_csv(self.layout)
        elif self.layout:
            yield from self._read_json(self.layout)

    def _read_csv(self, layout: CsvLayout) -> Iterator[Record]:
        with self.source.open_text(newline="") as file:
            lines = (line for line in read_lines(file) if line.number > layout.header_line)
            yield from read_csv(lines, layout)

    def _read_json(self, layout: JsonLayout) -> Iterator[Record]:
        with self.source.open_text(newline=None) as file:
            if layout.kind == "lines":
                yield from read_json_lines(read_lines(file), self.known)
            else:
                chunks = iter(lambda: file.read(_HEAD_CHARACTERS), "")
                yield from read_json_values(chunks, layout)


_SAMPLE_ROWS = 100
_LONGEST_PERIOD_DAYS = 366
_MANY_REJECTIONS = 1_000
_SHOWN_OF_MANY = 10
_INTERRUPTED = 130


class _EncodingName(click.ParamType[Encoding]):
    name = "encoding"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Encoding:
        try:
            return find_named(value)
        except LookupError:
            self.fail(f"{value} is not a text encoding. Use, for example, utf-8, cp1251 or shift_jis.", param, ctx)


def open_events(source: EventSource, known: Collection[str], time_column: str) -> EventFile:
    """Detect the layout of a file. Raises CsvHeaderError."""
    with source.open_text(newline=None) as file:
        head = file.read(_HEAD_CHARACTERS).lstrip(BLANK)
    if head.startswith(("{", "[")):
        return EventFile(source, find_json_layout(head, known), known)
    with source.open_text(newline="") as file:
        return EventFile(source, find_csv_layout(read_lines(file), known, time_column), known)


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--map", "columns", default="", metavar="FIELD=COLUMN,...", help="Map a column to a field.")
@click.option("--type", "event_type", type=click.Choice(EVENT_TYPES), help="Event type of every row.")
@click.option(
    "--fingerprint",
    default="",
    metavar="COLUMN,...",
    help="Identify devices by these columns. Their hash becomes device_fingerprint.",
)
@click.option(
    "--encoding",
    type=_EncodingName(),
    metavar="NAME",
    help="The file's encoding, unless it is UTF-8, UTF-16 or Latin-1.",
)
def import_events(
    file: Path, columns: str, event_type: str | None, fingerprint: str, encoding: Encoding | None
) -> None:
    """Import events from a CSV, NDJSON or JSON file, or from standard input (-). gzip is supported.

    Columns named like event fields need no option. Rows without a UUID get an id derived from their content, so
    importing them again changes nothing, and another file with the same name is another file. After an interruption,
    run the same command to resume. Rejected rows are listed with their line numbers.
    """
    fingerprint_columns = [name.strip() for name in fingerprint.split(",") if name.strip()]
    try:
        mapped = parse_columns(columns)
        known = {*FIELDS, *mapped.values(), *fingerprint_columns}
        with open_source(file, encoding) as source:
            events = open_events(source, known, mapped.get("occurred_at", "occurred_at"))
            sample = list(islice(events.read_records(), _SAMPLE_ROWS))
            mapping = _choose_mapping(events, sample, mapped, event_type, fingerprint_columns)
            if sample:
                _import_rows(events, mapping)
            else:
                click.echo(f"{source.name}: 0 new, 0 known already, 0 rejected. The file has no rows.")
    except (UnreadableFileError, CsvHeaderError, MappingError) as error:
        raise click.ClickException(str(error)) from error


def _choose_mapping(
    events: EventFile,
    sample: Sequence[Record],
    mapped: dict[str, str],
    event_type: str | None,
    fingerprint_columns: Sequence[str],
) -> EventMapping:
    rows = [record.values for record in sample if not record.problem]
    columns = events.layout.header if isinstance(events.layout, CsvLayout) and sample else find_columns(rows)
    return build_mapping(columns, rows, mapped=mapped, event_type=event_type, fingerprint_columns=fingerprint_columns)


def _import_rows(events: EventFile, mapping: EventMapping) -> None:
    connection, source, ids = connect(), events.source, RowIds()
    identity = source.sha256, source.encoding.codec, repr(mapping), connection.api_url
    states = StateFile(connection.var / "imports", *identity)
    state = states.load()
    if state.records:
        click.echo(f"Resuming after line {state.line:,}.")
    try:
        with api_errors_explained(connection.api_url, "Run the same command to resume."):
            for reached in _send_with_progress(events, mapping, ids, connection, state):
                states.save(state := reached)
    except KeyboardInterrupt:
        click.echo(f"Stopped after line {state.line:,}. Run the same command to resume.", err=True)
        raise click.exceptions.Exit(_INTERRUPTED) from None
    states.clear()
    notes = [f"{events.description}.{ids.describe()}"]
    click.echo(format_summary(source.name, state, notes, connection.dashboard_url))
    if state.rejected and not state.accepted + state.duplicates:
        raise click.exceptions.Exit(1)


def format_summary(name: str, state: ImportState, notes: Sequence[str], dashboard_url: str) -> str:
    """The result of an import, how the file was read, and the page for its period."""
    late = {"older than what is kept": state.expired, "of people who were erased": state.erased}
    counts = [f"{state.accepted:,} new", f"{state.duplicates:,} known already", f"{state.rejected:,} rejected"]
    among = " and ".join(f"{rows:,} {what}" for what, rows in late.items() if rows)
    lines = [f"{name}: {', '.join(counts)}{f' ({among})' if among else ''}.", *notes]
    if state.duplicates and not state.accepted:
        lines.append("Warning: nothing new. Every readable row had already been imported.")
    if state.first_day and state.last_day:
        last = date.fromisoformat(state.last_day)
        first = max(date.fromisoformat(state.first_day), last - timedelta(days=_LONGEST_PERIOD_DAYS - 1))
        lines.append(f"{dashboard_url}/dashboard/guardrails?start={first}&end={last}")
    return "\n".join(lines)


def _send_with_progress(
    events: EventFile, mapping: EventMapping, ids: RowIds, connection: Connection, state: ImportState
) -> Iterator[ImportState]:
    """Send the rest of the file and yield the state after each batch, with a progress bar on a terminal."""
    console = Console(stderr=True)
    name = TextColumn(events.source.name, markup=False)
    parts = name, BarColumn(), TextColumn("line {task.completed:,.0f}"), TimeRemainingColumn()
    with Progress(*parts, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=events.source.lines or None, completed=state.line)
        for batch in build_batches(events.read_records(), mapping, ids, done=state.records):
            before = state
            state, complaints = send_batch(connection.api, batch, state)
            for complaint in _choose_shown(complaints, before, state):
                console.print(complaint, markup=False, highlight=False, soft_wrap=True)
            progress.update(bar, completed=state.line)
            yield state


def _choose_shown(complaints: Sequence[str], before: ImportState, after: ImportState) -> Sequence[str]:
    """Avoid repeating the same problem for every row if an option is wrong."""
    if _is_hopeless(before):
        return []
    return [*complaints[:_SHOWN_OF_MANY], _NOT_SHOWN] if _is_hopeless(after) else complaints


def _is_hopeless(state: ImportState) -> bool:
    return state.rejected >= _MANY_REJECTIONS and not state.accepted + state.duplicates


_NOT_SHOWN = "Every row so far was rejected. Further rejections are counted but not listed until a row is stored."
