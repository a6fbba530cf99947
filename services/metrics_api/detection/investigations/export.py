"""Writes events as CSV that a spreadsheet opens without running anything."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row

from metrics_api.access.identifiers import Identifiers
from metrics_api.detection.investigations.shaping import format_event
from viral_contract.models.investigations import InvestigatedEvent
from viral_reports.csv_file import BYTE_ORDER_MARK, neutralise

_COLUMNS = tuple(InvestigatedEvent.model_fields)
_ROWS_A_CHUNK = 500


def format_csv(events: Sequence[Row[Any]], identifiers: Identifiers) -> Iterator[str]:
    """The events with a byte order mark and a head line, in chunks.

    A cell that would be a formula is preceded by an apostrophe.
    """
    yield BYTE_ORDER_MARK + _format_lines([_COLUMNS])
    for start in range(0, len(events), _ROWS_A_CHUNK):
        chunk = events[start : start + _ROWS_A_CHUNK]
        yield _format_lines([_format_row(format_event(event, identifiers)) for event in chunk])


def _format_row(event: InvestigatedEvent) -> list[object]:
    return [neutralise(value) for value in event.model_dump(mode="json").values()]


def _format_lines(rows: Sequence[Sequence[object]]) -> str:
    lines = io.StringIO()
    # Every cell is quoted, so that none falls apart where a semicolon separates.
    csv.writer(lines, quoting=csv.QUOTE_ALL).writerows(rows)
    return lines.getvalue()
