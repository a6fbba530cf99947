"""From a row of somebody's file to an event of the contract: pure functions, no file and no network."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args
from uuid import UUID, uuid5

from viral_engine.contract.events import Event, EventType

FIELDS = tuple(Event.model_fields)
EVENT_TYPES: tuple[str, ...] = get_args(EventType)
_EVENT_IDS = UUID("6f1c0f5e-0d5b-5d0e-9d0a-7a3d0b0c1e52")
_FINGERPRINT_LENGTH = 32

Row = Mapping[str, Any]


class MappingError(Exception):
    """The columns of a file do not make events; the message says which options would help."""


@dataclass(frozen=True)
class EventMapping:
    """Which column feeds which field, and what is made instead of being read."""

    file_name: str
    columns: Mapping[str, str]
    event_type: str | None = None
    fingerprint_columns: tuple[str, ...] = ()

    def build_event(self, row: Row, line: int) -> dict[str, Any]:
        """The event of a row; `line` is its number in the file. Empty values are left out."""
        event = {field: _read(field, row.get(column)) for field, column in self.columns.items()}
        event["event_id"] = self._build_id(event.get("event_id"), line)
        if self.event_type:
            event["event_type"] = self.event_type
        if self.fingerprint_columns:
            event["device_fingerprint"] = build_fingerprint([row.get(column) for column in self.fingerprint_columns])
        return {field: value for field, value in event.items() if value not in (None, "")}

    def _build_id(self, given: object, line: int) -> str:
        """A UUID as it is; any other id, or for want of one the line's number, as UUIDv5 with the file's name.

        So the same row has the same id each time that it is imported.
        """
        if given in (None, ""):
            return str(uuid5(_EVENT_IDS, json.dumps([self.file_name, "line", line])))
        try:
            return str(UUID(str(given)))
        except ValueError:
            return str(uuid5(_EVENT_IDS, json.dumps([self.file_name, "id", str(given)])))


def build_fingerprint(values: Sequence[object]) -> str | None:
    """A device's fingerprint from what is known of it; None when nothing is.

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
            raise MappingError(f"--map {pair}: write it as field=column")
        if field not in FIELDS:
            raise MappingError(f"--map {pair}: events have no field {field}, but {', '.join(FIELDS)}")
        columns[field] = column
    return columns


def build_mapping(
    file_name: str,
    sample: Sequence[Row],
    *,
    mapped: Mapping[str, str],
    event_type: str | None,
    fingerprint_columns: Sequence[str],
) -> EventMapping:
    """Complete what the options say by the columns that are named like fields.

    Raises MappingError when an option names a column that the first rows do not have, or when their type or time
    would be a guess.
    """
    present = dict.fromkeys(name for row in sample for name in row)
    problems = [
        f"There is no column {column}; the columns are {', '.join(present)}."
        for column in [*mapped.values(), *fingerprint_columns]
        if column not in present
    ]
    columns = {**{field: field for field in FIELDS}, **mapped}
    if not event_type and columns["event_type"] not in present:
        problems.append(f"No column is named event_type: say what the rows are by --type {'|'.join(EVENT_TYPES)}.")
    times = find_time_columns(sample)
    if columns["occurred_at"] not in present and times:
        problems.append(
            "No column is named occurred_at, so all would count as happening now. "
            f"These hold times: {', '.join(times)}. Choose one, for example --map occurred_at={times[0]}."
        )
    if problems:
        raise MappingError("\n".join(problems))
    return EventMapping(file_name, columns, event_type, tuple(fingerprint_columns))


def find_time_columns(sample: Sequence[Row]) -> list[str]:
    """The columns in which every row of the sample holds a date with a time."""
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
    """A value from text in the type that the field has; text that is not of it is left for the API to refuse."""
    try:
        if isinstance(value, str) and value:
            if field == "conversion_value":
                return float(value)
            if field == "metadata":
                return json.loads(value)
    except ValueError:
        pass
    return value
