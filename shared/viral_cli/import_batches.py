"""Cuts a file's rows into batches that the API takes, and sends them."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import Any, Self

from pydantic import TypeAdapter

from viral_cli.event_mapping import EventMapping
from viral_cli.event_source import Record
from viral_cli.private_file import write_private_file
from viral_cli.row_ids import RowIds, RowProblemError
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi
from viral_contract.models.problem import FieldError
from viral_contract.models.values import PastTime


@dataclass(frozen=True)
class ImportState:
    """Counts so far; `expired` and `erased` events are not stored and count as `rejected` too.

    `first_day` and `last_day` are the ISO dates (UTC) of the stored or known events.
    """

    records: int = 0
    line: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    expired: int = 0
    erased: int = 0
    first_day: str | None = None
    last_day: str | None = None

    def with_days(self, days: set[str]) -> Self:
        """The state with its period extended to these dates."""
        known = days | {day for day in (self.first_day, self.last_day) if day}
        return replace(self, first_day=min(known), last_day=max(known)) if known else self


class StateFile:
    """The state file of one import; another content, mapping or API is another import."""

    def __init__(self, folder: Path, *identity: str) -> None:
        digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]
        self._path = folder / f"{digest}.json"

    def load(self) -> ImportState:
        """The state of an interrupted import, or a new one."""
        return ImportState(**json.loads(self._path.read_text())) if self._path.exists() else ImportState()

    def save(self, state: ImportState) -> None:
        """Save the state; the API has stored everything before it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_private_file(self._path, json.dumps(asdict(state)))

    def clear(self) -> None:
        """Forget a finished import: the next one starts over and finds everything known."""
        self._path.unlink(missing_ok=True)


MAX_EVENTS = 5_000
_MAX_BATCH_BYTES = 12 * 1024 * 1024
_MAX_EVENT_BYTES = 1024 * 1024
_REFUSALS_OF_CONTENT = {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY}
_TIME = TypeAdapter(PastTime)


Complaint = tuple[int, str]
"""A line and its row's problem."""


@dataclass(frozen=True)
class Batch:
    """Consecutive rows; `lines` are those of the events, `complaints` the other rows' problems by line."""

    events: Sequence[dict[str, Any]]
    lines: Sequence[int]
    complaints: Sequence[Complaint]
    last_line: int

    @property
    def records(self) -> int:
        """The number of rows."""
        return len(self.events) + len(self.complaints)


def build_batches(records: Iterable[Record], mapping: EventMapping, ids: RowIds, *, done: int = 0) -> Iterator[Batch]:
    """Cut the rows after the first `done` into batches of at most 5,000 events and 12 MiB."""
    events: list[dict[str, Any]] = []
    lines: list[int] = []
    complaints: list[Complaint] = []
    size = last_line = 0
    for record, event, length, problem in islice(_convert_all(records, mapping, ids), done, None):
        if lines and (len(events) == MAX_EVENTS or size + length > _MAX_BATCH_BYTES):
            yield Batch(events, lines, complaints, last_line)
            events, lines, complaints, size = [], [], [], 0
        last_line = record.line
        if problem:
            complaints.append((record.line, problem))
        else:
            events.append(event)
            lines.append(record.line)
            size += length
        if len(complaints) == MAX_EVENTS:
            yield Batch(events, lines, complaints, last_line)
            events, lines, complaints, size = [], [], [], 0
    if events or complaints:
        yield Batch(events, lines, complaints, last_line)


def send_batch(api: MetricsApi, batch: Batch, state: ImportState) -> tuple[ImportState, list[str]]:
    """Store a batch; returns the state after it and a line for every rejected row."""
    outcome = _Outcome(list(batch.complaints))
    _send(api, batch.events, batch.lines, outcome)
    after = replace(
        state,
        records=state.records + batch.records,
        line=batch.last_line,
        accepted=state.accepted + outcome.accepted,
        duplicates=state.duplicates + outcome.duplicates,
        rejected=state.rejected + batch.records - outcome.accepted - outcome.duplicates,
        expired=state.expired + outcome.expired,
        erased=state.erased + outcome.erased,
    )
    return after.with_days(outcome.days), [f"line {line}: {problem}" for line, problem in sorted(outcome.complaints)]


@dataclass
class _Outcome:
    complaints: list[Complaint]
    accepted: int = 0
    duplicates: int = 0
    expired: int = 0
    erased: int = 0
    days: set[str] = field(default_factory=set)


def _send(api: MetricsApi, events: Sequence[dict[str, Any]], lines: Sequence[int], outcome: _Outcome) -> None:
    """Store events; if the API refuses them all, find the invalid row by bisection."""
    if not events:
        return
    try:
        answer = api.save_events(list(events), partial=True)
    except ApiProblemError as error:
        if error.status not in _REFUSALS_OF_CONTENT:
            raise
        if len(events) == 1:
            outcome.complaints.append((lines[0], error.detail))
            return
        half = len(events) // 2
        _send(api, events[:half], lines[:half], outcome)
        _send(api, events[half:], lines[half:], outcome)
        return
    rejected = {item.index: item.errors for item in answer.rejected or []}
    outcome.accepted += answer.accepted
    outcome.duplicates += answer.duplicates
    outcome.expired += answer.expired
    outcome.erased += answer.erased
    outcome.complaints += [(lines[index], _format_errors(errors)) for index, errors in rejected.items()]
    outcome.days |= {_find_day(event) for index, event in enumerate(events) if index not in rejected}


_Converted = tuple[Record, dict[str, Any], int, str | None]


def _convert_all(records: Iterable[Record], mapping: EventMapping, ids: RowIds) -> Iterator[_Converted]:
    """Each row's event with its size in bytes of JSON, or the row's problem."""
    for record in records:
        try:
            event = _convert(record, mapping, ids)
            yield record, event, _measure(event), None
        except RowProblemError as error:
            yield record, {}, 0, str(error)


def _convert(record: Record, mapping: EventMapping, ids: RowIds) -> dict[str, Any]:
    if record.problem:
        raise RowProblemError(record.problem)
    event = mapping.build_event(record.values)
    event["event_id"] = ids.find_id(event.get("event_id"), record.values)
    return event


def _measure(event: dict[str, Any]) -> int:
    try:
        length = len(json.dumps(event, ensure_ascii=False, allow_nan=False).encode())
    except UnicodeEncodeError as error:
        raise RowProblemError("metadata has a character that is cut") from error
    except RecursionError as error:
        raise RowProblemError("nests too deep") from error
    except ValueError as error:
        raise RowProblemError("metadata has a number out of range") from error
    if length > _MAX_EVENT_BYTES:
        raise RowProblemError("is larger than 1 MiB")
    return length


def _format_errors(errors: Sequence[FieldError]) -> str:
    listed = [f"{error.pointer.split('/', 3)[-1]}: {error.detail}" for error in errors]
    return "; ".join(listed) or "has an error like others above (the API lists 100 errors at a time)"


def _find_day(event: dict[str, Any]) -> str:
    # Parsed like the API, which has accepted it.
    return _TIME.validate_python(event["occurred_at"]).astimezone(UTC).date().isoformat()
