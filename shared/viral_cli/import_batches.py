"""Cuts a file's rows into batches that the API takes, and sends them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from http import HTTPStatus
from itertools import islice
from typing import Any

from pydantic import TypeAdapter

from viral_cli.event_mapping import EventMapping
from viral_cli.event_record import Record
from viral_cli.import_state import ImportState
from viral_cli.row_ids import RowIds, RowProblemError
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi
from viral_contract.models.problem import FieldError
from viral_contract.models.values import PastTime

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
