"""Cuts a file's rows into batches that the API takes, and sends them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from viral_engine.cli.event_files import Record
from viral_engine.cli.event_mapping import EventMapping
from viral_engine.cli.import_state import ImportState
from viral_engine.client import MetricsApi
from viral_engine.contract.problem import FieldError
from viral_engine.contract.values import PastTime
from viral_engine.contract.writes import EventsAccepted

MAX_EVENTS = 5_000
_MAX_BATCH_BYTES = 12 * 1024 * 1024
_MAX_EVENT_BYTES = 1024 * 1024
_TIME: TypeAdapter[datetime] = TypeAdapter(PastTime)


@dataclass(frozen=True)
class Batch:
    """Rows that follow one another; `lines` are those of the events, `complaints` are of the other rows."""

    events: Sequence[dict[str, Any]]
    lines: Sequence[int]
    complaints: Sequence[str]
    last_line: int

    @property
    def records(self) -> int:
        """How many rows of the file these are."""
        return len(self.events) + len(self.complaints)


def build_batches(records: Iterable[Record], mapping: EventMapping) -> Iterator[Batch]:
    """Cut rows into batches of at most 5,000 events and 12 MiB."""
    events: list[dict[str, Any]] = []
    lines: list[int] = []
    complaints: list[str] = []
    size = last_line = 0
    for record in records:
        event, length, problem = _convert(record, mapping)
        if lines and (len(events) == MAX_EVENTS or size + length > _MAX_BATCH_BYTES):
            yield Batch(events, lines, complaints, last_line)
            events, lines, complaints, size = [], [], [], 0
        last_line = record.line
        if problem:
            complaints.append(f"line {record.line}: {problem}")
        else:
            events.append(event)
            lines.append(record.line)
            size += length
    if events or complaints:
        yield Batch(events, lines, complaints, last_line)


def send_batch(api: MetricsApi, batch: Batch, state: ImportState, now: datetime) -> tuple[ImportState, list[str]]:
    """Store a batch; answers the state after it and a line for every row that was rejected."""
    complaints = list(batch.complaints)
    rejected: dict[int, list[FieldError]] = {}
    answer = EventsAccepted(accepted=0, duplicates=0)
    if batch.events:
        answer = api.save_events(list(batch.events), partial=True)
        rejected = {item.index: item.errors for item in answer.rejected or []}
    complaints += [f"line {batch.lines[index]}: {_format_errors(errors)}" for index, errors in rejected.items()]
    stored = [event for index, event in enumerate(batch.events) if index not in rejected]
    after = replace(
        state,
        records=state.records + batch.records,
        line=batch.last_line,
        accepted=state.accepted + answer.accepted,
        duplicates=state.duplicates + answer.duplicates,
        expired=state.expired + answer.expired,
        erased=state.erased + answer.erased,
        rejected=state.rejected + len(complaints),
    )
    return after.with_days({_find_day(event, now) for event in stored}), complaints


def _convert(record: Record, mapping: EventMapping) -> tuple[dict[str, Any], int, str | None]:
    """An event with its size in bytes of JSON, or what is wrong with the row."""
    if record.problem:
        return {}, 0, record.problem
    event = mapping.build_event(record.values, record.line)
    length = len(json.dumps(event, ensure_ascii=False).encode())
    return event, length, "is larger than 1 MiB" if length > _MAX_EVENT_BYTES else None


def _format_errors(errors: Sequence[FieldError]) -> str:
    said = "; ".join(f"{error.pointer.split('/', 3)[-1]}: {error.detail}" for error in errors)
    return said or "is invalid; the lines above say why the first ones of this batch are"


def _find_day(event: dict[str, Any], now: datetime) -> str:
    # Parsed as the API does, which has accepted it.
    at = _TIME.validate_python(event["occurred_at"]) if "occurred_at" in event else now
    return at.astimezone(UTC).date().isoformat()
