"""Scans content for violations and stores them, keeping what people have said about those that are still there."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from metrics_api.detection.pii.scanner import SCANNER_VERSION
from metrics_api.detection.pii.violations import find_violations
from metrics_api.ingest.content_tables import ContentTable

MAX_VIOLATIONS_PER_ITEM = 200
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
    WHERE content_kind = :kind AND content_id = ANY(:ids) AND resolution IS DISTINCT FROM 'removed'
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


def scan_item(
    content_id: str, data: object, media: Sequence[Mapping[str, Any]], actor: str, *, phone_region: str
) -> list[Found]:
    """What violates in an item, each place and kind once, at most `MAX_VIOLATIONS_PER_ITEM`."""
    found = (
        Found(content_id, violation.kind, _shorten(violation.path), violation.masked, violation.rule, actor)
        for violation in find_violations(data, media, phone_region=phone_region)
    )
    distinct = {(violation.type, violation.path, violation.masked): violation for violation in found}
    return list(distinct.values())[:MAX_VIOLATIONS_PER_ITEM]


def _shorten(path: str) -> str:
    """A path that fits into an index, however long the keys are."""
    return path if len(path) <= _MAX_PATH_LENGTH else path[: _MAX_PATH_LENGTH - 1] + "…"


def keep_removed(connection: Connection, table: ContentTable, found: Iterable[Found]) -> None:
    """Make room for what is posted again after somebody had called it removed: that is a new finding beside the old."""
    connection.execute(_KEEP_REMOVED, {"kind": table.kind, "found": _format_rows(found)})


def save_violations(
    connection: Connection, table: ContentTable, ids: Sequence[str], found: Iterable[Found], *, now: datetime
) -> None:
    """Bring the violations of these items in line with what was found in them.

    A violation that is still there keeps its resolution; one that is gone is forgotten, unless it was resolved as
    removed. The caller keeps other writers away from the items.
    """
    values = {
        "kind": table.kind,
        "ids": list(ids),
        "found": _format_rows(found),
        "version": SCANNER_VERSION,
        "now": now,
    }
    save = _SAVE.format(found=_FOUND, table=table.name, key=table.key)
    follow = _FOLLOW_ITEMS.format(table=table.name, key=table.key)
    for statement in (_FORGET_GONE, text(save), text(follow)):
        connection.execute(statement, values)


def _format_rows(found: Iterable[Found]) -> str:
    return json.dumps([asdict(violation) for violation in found])
