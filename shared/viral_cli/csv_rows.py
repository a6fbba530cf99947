"""Reads the rows of a CSV file; a stray quote cannot swallow any."""

import csv
import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from viral_cli.event_source import BLANK, Line, Record

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=(.)"?\s*', re.IGNORECASE)
_DATE = re.compile(r"\s*\d{4}-?\d\d-?\d\d")
_MAX_ROW_CHARACTERS = 1024 * 1024
_MAX_ROW_LINES = 1_000


class CsvHeaderError(Exception):
    """The first line is not a valid header; the message gives the reason."""


class _StrayQuoteError(Exception):
    pass


class _LongLineError(Exception):
    pass


@dataclass(frozen=True)
class CsvLayout:
    """The layout of a file from its first lines; `time_column` is the index of the rows' time."""

    separator: str
    header: tuple[str, ...]
    header_line: int
    is_padded: bool
    time_column: int | None

    @property
    def description(self) -> str:
        """The layout in words."""
        words = [f"CSV separated by {SEPARATORS.get(self.separator, repr(self.separator))}"]
        if self.header_line > 1:
            words.append(f"header in line {self.header_line} (the lines before it are empty or say sep=)")
        if self.is_padded:
            words.append("without the blanks around values")
        return ", ".join(words)


def find_csv_layout(lines: Iterable[Line], known: Collection[str], time_column: str) -> CsvLayout | None:
    """Read the header, None from an empty file; the separator is the one that yields the most `known` columns.

    Raises CsvHeaderError for an unreadable header or a duplicate column.
    """
    separators: Sequence[str] = tuple(SEPARATORS)
    for line in lines:
        if match := _SEPARATOR_LINE.fullmatch(line.text):
            separators = (match[1],)
        elif line.text.strip(BLANK):
            return _build_layout(line, separators, known, time_column)
    return None


def _build_layout(line: Line, separators: Sequence[str], known: Collection[str], time_column: str) -> CsvLayout:
    candidates = {separator: _read_header(line.text, separator) for separator in separators}

    def fit(separator: str) -> tuple[int, int]:
        names = [name.strip() for name in candidates[separator]]
        return len(set(names) & set(known)), len(names)

    separator = max(separators, key=fit)
    given = candidates[separator]
    if not given:
        raise CsvHeaderError(f"Line {line.number} should contain the column names, but has an unclosed quote.")
    names = tuple(name.strip() for name in given)
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise CsvHeaderError(f"Duplicate column names: {', '.join(twice)}. Rename or remove one of each.")
    is_padded = any(name != name.strip() for name in given)
    time_place = names.index(time_column) if time_column in names else None
    return CsvLayout(separator, names, line.number, is_padded, time_place)


def _read_header(text: str, separator: str) -> list[str]:
    try:
        names = next(csv.reader([text.strip("\ufeff")], delimiter=separator, strict=True), [])
    except csv.Error:
        return []
    while names and not names[-1].strip():
        names.pop()
    return names


def read_csv(lines: Iterator[Line], layout: CsvLayout) -> Iterator[Record]:
    """Every row after the header; an unreadable one is a record with a problem, and reading continues.

    A quoted value may span lines, unless one of them is a row itself: then the quote is a stray one.
    """
    return _CsvRows(lines, layout).read()


class _CsvRows:
    def __init__(self, lines: Iterator[Line], layout: CsvLayout) -> None:
        self._layout = layout
        self._lines = _RowLines(lines, self._is_row)
        self._reader = self._parse(self._lines)

    def read(self) -> Iterator[Record]:
        while True:
            self._lines.begin_row()
            try:
                values = next(self._reader)
            except StopIteration:
                return
            except _StrayQuoteError:
                yield self._reject_first_line("has an unclosed quote")
            except _LongLineError:
                yield self._reject("is too long")
            except csv.Error as error:
                yield self._reject(f"is not valid CSV: {error}")
            else:
                yield from self._build_record(values)

    def _build_record(self, values: list[str]) -> Iterator[Record]:
        header = self._layout.header
        if not any(line.text.strip(BLANK) for line in self._lines.taken):
            return
        values = self._trim(values)
        if len(values) != len(header):
            yield self._reject(f"has {len(values)} values for {len(header)} columns")
        elif not any(values):
            yield self._reject("is empty")
        else:
            named = {name: value for name, value in zip(header, values, strict=True) if name}
            yield Record(self._lines.taken[0].number, named)

    def _reject(self, problem: str) -> Record:
        """Reject the row, or only its first line if one of its lines has the right number of values."""
        first, *others = self._lines.taken
        if any(self._split(line.text) for line in others):
            return self._reject_first_line(problem)
        return Record(first.number, {}, problem + (f" (up to line {others[-1].number})" if others else ""))

    def _reject_first_line(self, problem: str) -> Record:
        first = self._lines.taken[0]
        self._lines.give_back_all_but_first()
        return Record(first.number, {}, problem)

    def _is_row(self, text: str) -> bool:
        time_column, values = self._layout.time_column, self._split(text)
        return bool(values) and time_column is not None and _DATE.match(values[time_column]) is not None

    def _split(self, text: str) -> list[str]:
        """A line's values if it is a row by itself, even with a stray quote; otherwise none."""
        try:
            values = self._trim(next(self._parse([text]), []))
        except csv.Error:
            values = self._trim(text.rstrip("\r\n").split(self._layout.separator))
        return values if len(values) == len(self._layout.header) else []

    def _parse(self, lines: Iterable[str]) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self._layout.separator, skipinitialspace=True, strict=True)

    def _trim(self, values: list[str]) -> list[str]:
        """Strip spaces around values if the header has them, and drop empty values beyond the header."""
        if self._layout.is_padded:
            values = [value.strip() for value in values]
        while len(values) > len(self._layout.header) and not values[-1].strip():
            values.pop()
        return values


class _RowLines:
    """Feeds the CSV reader line by line, and takes back lines that a stray quote swallowed."""

    def __init__(self, lines: Iterator[Line], is_row: Callable[[str], bool]) -> None:
        self.taken: list[Line] = []
        self._lines, self._is_row = lines, is_row
        self._given_back: deque[Line] = deque()
        self._characters = 0

    def begin_row(self) -> None:
        self.taken, self._characters = [], 0

    def give_back_all_but_first(self) -> None:
        self._given_back.extendleft(reversed(self.taken[1:]))

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._given_back.popleft() if self._given_back else next(self._lines)
        self.taken.append(line)
        self._characters += len(line.text)
        if len(self.taken) > 1 and (self._is_too_large() or self._is_row(line.text)):
            raise _StrayQuoteError
        if line.is_cut:
            raise _LongLineError
        return line.text

    def _is_too_large(self) -> bool:
        return self._characters > _MAX_ROW_CHARACTERS or len(self.taken) > _MAX_ROW_LINES
