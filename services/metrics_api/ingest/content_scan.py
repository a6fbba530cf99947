"""Scans content for violations and stores them, keeping what people have said about those that are still there."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from metrics_api.ingest.content_tables import ContentTable
from metrics_api.pii_scanner.budget import BudgetExceededError, limit_scan
from metrics_api.pii_scanner.coppa_rule import Violation, find_violations, find_without_scan
from metrics_api.pii_scanner.scanner import SCANNER_VERSION

MAX_VIOLATIONS_PER_ITEM = 200
UNSCANNED_VERSION = -1
"""The scanner's version of an item that took too long; it waits for a scan that may take longer."""
# Of a batch full of violations each item keeps a few, which are enough to count.
MAX_VIOLATIONS, FEWEST_VIOLATIONS_PER_ITEM = 20_000, 5
_MAX_PATH_LENGTH = 400
_FOUND = """jsonb_to_recordset(CAST(:found AS jsonb)) AS found (
    content_id text, type text, path text, masked text, rule text, actor text)"""
_SAME_PLACE = """found.content_id = known.content_id AND found.type = known.type AND found.path = known.path
    AND found.masked = known.masked"""

_KEEP_REMOVED = text(f"""
    UPDATE violations AS known SET superseded = known.id FROM {_FOUND}
    WHERE content_kind = :kind AND {_SAME_PLACE} AND resolution = 'removed' AND superseded = 0
""")
_FORGET_GONE = text(f"""
    DELETE FROM violations AS known
    WHERE content_kind = :kind AND content_id = ANY(:scanned) AND resolution IS DISTINCT FROM 'removed'
        AND NOT EXISTS (SELECT FROM {_FOUND} WHERE {_SAME_PLACE})
""")
# Who found it first stays: a newer scanner that finds the same adds nothing.
_SAVE = """
    INSERT INTO violations AS known
        (content_kind, content_id, type, path, masked, rule, actor, scanner_version, inserted_at, found_at)
    SELECT :kind, content_id, type, path, masked, rule, found.actor, :version, item.inserted_at, :now
    FROM {found} JOIN {table} AS item ON item.{key} = content_id
    ORDER BY content_id, type, path, masked
    ON CONFLICT ON CONSTRAINT uq_violations_place DO UPDATE SET actor = excluded.actor
    WHERE known.actor <> excluded.actor
"""
_FOLLOW_ITEMS = """
    UPDATE violations AS known SET inserted_at = item.inserted_at FROM {table} AS item
    WHERE content_kind = :kind AND content_id = ANY(:ids) AND item.{key} = content_id
        AND known.inserted_at <> item.inserted_at
"""


@dataclass(frozen=True)
class Found:
    """One violation that a scan found in an item."""

    content_id: str
    type: str
    path: str
    masked: str
    rule: str
    actor: str


@dataclass(frozen=True)
class Scan:
    """What a scan found in an item; one that was given up found that the item is not scanned."""

    found: list[Found]
    is_complete: bool


class ScanTime:
    """Processor time for scans: so many seconds for each item, and so many for all items together."""

    def __init__(self, each: float, *, all_items: float) -> None:
        self._each, self._left = each, all_items

    @contextmanager
    def limit(self) -> Iterator[None]:
        """Let the block scan one item. Raises BudgetExceededError where it takes longer."""
        started = time.thread_time()
        try:
            with limit_scan(min(self._each, self._left)):
                yield
        finally:
            self._left -= time.thread_time() - started


def scan_item(
    content_id: str,
    data: object,
    media: Sequence[Mapping[str, Any]],
    actor: str,
    *,
    phone_region: str,
    scan_time: ScanTime,
    most: int = MAX_VIOLATIONS_PER_ITEM,
) -> Scan:
    """What violates in an item, each place and kind once, at most so many."""
    try:
        with scan_time.limit():
            violations = find_violations(data, media, phone_region=phone_region)
    except BudgetExceededError:
        return Scan(format_found(content_id, find_without_scan(media), actor, most=most), is_complete=False)
    return Scan(format_found(content_id, violations, actor, most=most), is_complete=True)


def format_found(content_id: str, violations: Iterable[Violation], actor: str, *, most: int) -> list[Found]:
    """The violations of an item as they are stored, each place and kind once."""
    found = (
        Found(content_id, violation.kind, _shorten(violation.path), violation.masked, violation.rule, actor)
        for violation in violations
    )
    distinct = {(violation.type, violation.path, violation.masked): violation for violation in found}
    return list(distinct.values())[:most]


def _shorten(path: str) -> str:
    """A path that fits into an index, however long the keys are."""
    return path if len(path) <= _MAX_PATH_LENGTH else path[: _MAX_PATH_LENGTH - 1] + "…"


def keep_removed(connection: Connection, table: ContentTable, found: Iterable[Found]) -> None:
    """Make room for what is posted again after somebody had called it removed: that is a new finding beside the old."""
    connection.execute(_KEEP_REMOVED, {"kind": table.kind, "found": _format_rows(found)})


def save_violations(connection: Connection, table: ContentTable, scans: Mapping[str, Scan], *, now: datetime) -> None:
    """Bring the violations of these items in line with what was found in them.

    A violation that is still there keeps its resolution; one that is gone is forgotten, unless it was resolved as
    removed. Where a scan was given up nothing is gone. The caller keeps other writers away from the items.
    """
    values = {
        "kind": table.kind,
        "ids": list(scans),
        "scanned": [item_id for item_id, scan in scans.items() if scan.is_complete],
        "found": _format_rows(found for scan in scans.values() for found in scan.found),
        "version": SCANNER_VERSION,
        "now": now,
    }
    save = _SAVE.format(found=_FOUND, table=table.name, key=table.key)
    follow = _FOLLOW_ITEMS.format(table=table.name, key=table.key)
    for statement in (_FORGET_GONE, text(save), text(follow)):
        connection.execute(statement, values)


def _format_rows(found: Iterable[Found]) -> str:
    return json.dumps([asdict(violation) for violation in found])
