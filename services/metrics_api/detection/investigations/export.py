"""Writes events as CSV that a spreadsheet opens without running anything."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row

from metrics_api.access.identifiers import Identifiers
from metrics_api.detection.investigations.shaping import format_event
from viral_contract.models.investigations import InvestigatedEvent
from viral_reports.csv_file import BYTE_ORDER_MARK, format_lines

_COLUMNS = tuple(InvestigatedEvent.model_fields)
_ROWS_A_CHUNK = 500


def format_csv(events: Sequence[Row[Any]], identifiers: Identifiers) -> Iterator[str]:
    """The events with a byte order mark and a head line, in chunks.

    A cell that would be a formula is preceded by an apostrophe.
    """
    yield BYTE_ORDER_MARK + format_lines([_COLUMNS])
    for start in range(0, len(events), _ROWS_A_CHUNK):
        chunk = events[start : start + _ROWS_A_CHUNK]
        yield format_lines(format_event(event, identifiers).model_dump(mode="json").values() for event in chunk)
