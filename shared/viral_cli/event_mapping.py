"""From a row of a file to an event of the contract: pure functions without I/O."""

import hashlib
import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from viral_cli.json_rows import NotJsonError, parse_json
from viral_cli.row_ids import RowProblemError
from viral_contract.models.events import Event, EventType

FIELDS = tuple(Event.model_fields)
EVENT_TYPES: tuple[str, ...] = get_args(EventType)
_FINGERPRINT_LENGTH = 32
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_SHOWN_COLUMNS_CHARACTERS = 300

Row = Mapping[str, Any]


class MappingError(Exception):
    """The columns of a file do not make events; the message suggests options."""


@dataclass(frozen=True)
class EventMapping:
    """The columns of the fields, and the generated fields."""

    columns: Mapping[str, str]
    event_type: str | None = None
    fingerprint_columns: tuple[str, ...] = ()

    def build_event(self, row: Row) -> dict[str, Any]:
        """The event of a row, with the file's id. Empty values are left out.

        Raises RowProblemError for a row without a time, which would count as now, and for invalid metadata.
        """
        event = {field: _read(field, row.get(column)) for field, column in self.columns.items()}
        if event.get("occurred_at") in (None, ""):
            raise RowProblemError(f"{self.columns['occurred_at']}: the time is missing")
        if self.event_type:
            event["event_type"] = self.event_type
        if self.fingerprint_columns:
            event["device_fingerprint"] = build_fingerprint([row.get(column) for column in self.fingerprint_columns])
        return {field: value for field, value in event.items() if value not in (None, "")}


def build_fingerprint(values: Sequence[object]) -> str | None:
    """A device's fingerprint from its known values; None if there are none.

    The values are joined as a JSON list, so that ("a", "bc") and ("ab", "c") stay two devices.
    """
    if all(value in (None, "") for value in values):
        return None
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:_FINGERPRINT_LENGTH]


def parse_columns(text: str) -> dict[str, str]:
    """Read `field=column,field=column`. Raises MappingError for a field that events do not have."""
    columns = {}
    for pair in filter(None, text.split(",")):
        field, equals, column = (part.strip() for part in pair.partition("="))
        if not equals or not column:
            raise MappingError(f"--map {pair}: use field=column")
        if field not in FIELDS:
            raise MappingError(f"--map {pair}: events have no field {field}, but {', '.join(FIELDS)}")
        columns[field] = column
    return columns


def build_mapping(
    columns: Collection[str],
    sample: Sequence[Row],
    *,
    mapped: Mapping[str, str],
    event_type: str | None,
    fingerprint_columns: Sequence[str],
) -> EventMapping:
    """Complete the options with the columns named like fields; without columns, all rows are broken.

    Raises MappingError if no column is an event field, if an option names a column that the file does not have, or if
    the rows' type or time would be a guess.
    """
    chosen = {**{field: field for field in FIELDS}, **mapped}
    if columns:
        used = [*mapped.values(), *fingerprint_columns]
        problems = [
            *_find_missing(columns, used),
            *_find_guesses(columns, sample, chosen, event_type),
        ]
        if not set(chosen.values()) & set(columns):
            problems.insert(0, _NO_FIELD.format(columns=_list_columns(columns)))
        if problems:
            raise MappingError("\n".join(problems))
    return EventMapping(chosen, event_type, tuple(fingerprint_columns))


def find_columns(sample: Iterable[Row]) -> list[str]:
    """The column names in a sample of rows."""
    return list(dict.fromkeys(name for row in sample for name in row))


_NO_FIELD = (
    "No column matches an event field. Columns: {columns}. Supported files: CSV separated by , ; tab or | with the "
    'column names in the first line, NDJSON with one object per line, a JSON array, or {{"events": [...]}}.'
)


def _list_columns(columns: Collection[str]) -> str:
    text = ", ".join(columns)
    return text if len(text) <= _SHOWN_COLUMNS_CHARACTERS else f"{text[:_SHOWN_COLUMNS_CHARACTERS]}…"


def _find_missing(columns: Collection[str], used: Sequence[str]) -> list[str]:
    return [
        f"There is no column {column}. Columns: {_list_columns(columns)}." for column in used if column not in columns
    ]


def _find_guesses(
    columns: Collection[str], sample: Sequence[Row], chosen: Mapping[str, str], event_type: str | None
) -> list[str]:
    problems = []
    if not event_type and chosen["event_type"] not in columns:
        problems.append(f"No event_type column. Set the event type with --type {'|'.join(EVENT_TYPES)}.")
    if chosen["occurred_at"] not in columns:
        times = find_time_columns(sample)
        found = f"Columns with times: {', '.join(times)}. " if times else ""
        example = times[0] if times else "COLUMN"
        problems.append(
            "No occurred_at column, so every event would be dated now. "
            f"{found}Choose one with --map occurred_at={example}."
        )
    return problems


def find_time_columns(sample: Sequence[Row]) -> list[str]:
    """The columns with a date and time in every row of the sample."""
    return [name for name in (sample[0] if sample else ()) if all(_is_time(row.get(name)) for row in sample)]


def _is_time(value: object) -> bool:
    if not isinstance(value, str) or ":" not in value:
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _read(field: str, value: object) -> object:
    """A text value converted to its field's type; the API refuses texts that cannot be converted."""
    if not isinstance(value, str) or not value:
        return value
    if field == "conversion_value" and _NUMBER.fullmatch(value):
        number = float(value)
        return number if math.isfinite(number) else value
    if field == "metadata":
        try:
            return parse_json(value)
        except NotJsonError as error:
            raise RowProblemError(f"metadata is not JSON: {error}") from error
    return value
