"""Stores and deletes content, its violations, and the facts about both."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic_core import from_json
from sqlalchemy import Connection, text

from metrics_api.ingest.content_facts import keep_facts
from metrics_api.ingest.content_scan import (
    FEWEST_VIOLATIONS_PER_ITEM,
    MAX_VIOLATIONS,
    MAX_VIOLATIONS_PER_ITEM,
    UNSCANNED_VERSION,
    Scan,
    ScanTime,
    keep_removed,
    save_violations,
    scan_item,
)
from metrics_api.ingest.content_tables import ContentTable
from metrics_api.ingest.resolutions import reopen_changed
from metrics_api.pii_scanner.scanner import SCANNER_VERSION
from viral_contract.models.content import ParentShareItem, ProgressReelItem, StudySessionItem

ContentItem = ParentShareItem | ProgressReelItem | StudySessionItem
_BYTES_PER_STATEMENT = 1024 * 1024
_ITEMS_PER_STATEMENT = 500
_ITEMS_IN_FULL = 60
_VERSION = "CASE WHEN id = ANY(CAST(:unscanned AS text[])) THEN CAST(:unscanned_version AS integer) ELSE :version END"

_DELETE_VIOLATIONS = text("""
    DELETE FROM violations WHERE content_kind = :kind AND content_id = :id AND resolution IS DISTINCT FROM 'removed'
""")


@dataclass(frozen=True)
class PostedItem:
    """An item as it is stored, in JSON: as Python's objects a large one takes thirty times the memory."""

    id: str
    encoded: bytes
    inserted_at: datetime | None


def encode_item(item: ContentItem) -> PostedItem:
    """What is held of a valid item until it is stored."""
    return PostedItem(item.id, item.model_dump_json().encode(), item.inserted_at)


def keep_latest(items: Iterable[PostedItem]) -> list[PostedItem]:
    """Each id once; of two copies the last wins."""
    return list({item.id: item for item in items}.values())


def scan_content(
    table: ContentTable, items: Iterable[PostedItem], *, phone_region: str, seconds: float
) -> dict[str, Scan]:
    """What violates in each item. It takes longer than storing them, so it is done before the transaction begins.

    An item may take so many seconds of processor time, all of them together `_ITEMS_IN_FULL` times that.
    """
    scans: dict[str, Scan] = {}
    if table.data is None:
        return scans
    room, scan_time = MAX_VIOLATIONS, ScanTime(seconds, all_items=_ITEMS_IN_FULL * seconds)
    for item in items:
        posted = from_json(item.encoded)
        scans[item.id] = scan_item(
            item.id,
            posted[table.data],
            posted["media"],
            posted.get("actor", "child"),
            phone_region=phone_region,
            scan_time=scan_time,
            most=min(MAX_VIOLATIONS_PER_ITEM, max(room, FEWEST_VIOLATIONS_PER_ITEM)),
        )
        room -= len(scans[item.id].found)
    return scans


def save_content(
    connection: Connection,
    table: ContentTable,
    items: Sequence[PostedItem],
    scans: Mapping[str, Scan],
    *,
    now: datetime,
) -> int:
    """Store the items, each id once, and what a scan found in them; returns how many are new.

    An item that is replaced without a time keeps the time of its creation.
    """
    with keep_facts(connection, table, [item.id for item in items]):
        return sum(_save(connection, table, some, scans, now=now) for some in split_items(items))


def split_items(items: Sequence[PostedItem]) -> Iterator[list[PostedItem]]:
    """As many at once as take little memory: what is sent is held several times over."""
    some: list[PostedItem] = []
    size = 0
    for item in items:
        some.append(item)
        size += len(item.encoded)
        if size >= _BYTES_PER_STATEMENT or len(some) >= _ITEMS_PER_STATEMENT:
            yield some
            some, size = [], 0
    if some:
        yield some


def _save(
    connection: Connection,
    table: ContentTable,
    items: list[PostedItem],
    scans: Mapping[str, Scan],
    *,
    now: datetime,
) -> int:
    rows = b"[" + b",".join(item.encoded for item in items) + b"]"
    own = {item.id: scans[item.id] for item in items if item.id in scans}
    values = {
        "items": rows.decode(),
        "version": SCANNER_VERSION,
        "unscanned": [item_id for item_id, scan in own.items() if not scan.is_complete],
        "unscanned_version": UNSCANNED_VERSION,
        "now": now,
    }
    if table.data:
        reopen_changed(connection, table, {item.id: item.encoded for item in items}, now=now)
    created: int = sum(connection.execute(text(_build_upsert(table)), values).scalars())
    if table.data:
        keep_removed(connection, table, (found for scan in own.values() for found in scan.found))
        save_violations(connection, table, own, now=now)
    return created


def _build_upsert(table: ContentTable) -> str:
    names = [*table.columns, "inserted_at"]
    typed = ", ".join(f"{name} {kind}" for name, kind in {**table.columns, "inserted_at": "timestamptz"}.items())
    scanned = {"scanner_version": _VERSION, "violating": "false"} if table.data else {}
    updated = [*names, *(name for name in scanned if name != "violating")]
    return f"""
        INSERT INTO {table.name} AS item ({", ".join([table.key, *names, *scanned])})
        SELECT id, {", ".join(f"posted.{name}" for name in table.columns)},
            {", ".join(["coalesce(posted.inserted_at, known.inserted_at, :now)", *scanned.values()])}
        FROM jsonb_to_recordset(CAST(:items AS jsonb)) AS posted (id text, {typed})
            LEFT JOIN {table.name} AS known ON known.{table.key} = id
        ORDER BY id
        ON CONFLICT ({table.key}) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in updated)}
        RETURNING CASE WHEN old.{table.key} IS NULL THEN 1 ELSE 0 END
    """


def delete_content(connection: Connection, table: ContentTable, item_id: str) -> bool:
    """Delete the item and its violations, but those that were resolved as removed; returns whether there was one."""
    with keep_facts(connection, table, [item_id]):
        statement = text(f"DELETE FROM {table.name} WHERE {table.key} = :id")
        found = connection.execute(statement, {"id": item_id}).rowcount == 1
        if table.data:
            connection.execute(_DELETE_VIOLATIONS, {"kind": table.kind, "id": item_id})
    return found
