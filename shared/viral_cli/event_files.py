"""Reads the rows of CSV and JSON files, each with its line number."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from viral_cli.csv_rows import CsvLayout, find_csv_layout, read_csv
from viral_cli.event_source import BLANK, EventSource, Record, read_lines
from viral_cli.json_rows import JsonLayout, find_json_layout, read_json_lines, read_json_values

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


def open_events(source: EventSource, known: Collection[str], time_column: str) -> EventFile:
    """Detect the layout of a file. Raises CsvHeaderError."""
    with source.open_text(newline=None) as file:
        head = file.read(_HEAD_CHARACTERS).lstrip(BLANK)
    if head.startswith(("{", "[")):
        return EventFile(source, find_json_layout(head, known), known)
    with source.open_text(newline="") as file:
        return EventFile(source, find_csv_layout(read_lines(file), known, time_column), known)
