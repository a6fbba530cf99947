"""Stores and deletes content, its violations, and the facts about both."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import Connection, text

from metrics_api.detection.pii.scanner import SCANNER_VERSION
from metrics_api.ingest.content_facts import keep_facts
from metrics_api.ingest.content_tables import ContentTable
from metrics_api.ingest.resolutions import reopen_changed
from metrics_api.ingest.violations import Found, keep_removed, save_violations, scan_item
from viral_engine.contract.content import ParentShareItem, ProgressReelItem, StudySessionItem

ContentItem = ParentShareItem | ProgressReelItem | StudySessionItem
_ITEMS: TypeAdapter[Sequence[ContentItem]] = TypeAdapter(Sequence[ContentItem])

_DELETE_VIOLATIONS = text("""
    DELETE FROM violations WHERE content_kind = :kind AND content_id = :id AND resolution IS DISTINCT FROM 'removed'
""")


def scan_content(table: ContentTable, items: Iterable[ContentItem], *, phone_region: str) -> list[Found]:
    """What violates in the items. It takes longer than storing them, so it is done before the transaction begins."""
    if table.data is None:
        return []
    return [found for item in items for found in _scan(table.data, item, phone_region)]


def _scan(data: str, item: ContentItem, phone_region: str) -> list[Found]:
    posted = item.model_dump()
    return scan_item(item.id, posted[data], posted["media"], posted.get("actor", "child"), phone_region=phone_region)


def save_content(
    connection: Connection, table: ContentTable, items: Sequence[ContentItem], found: Sequence[Found], *, now: datetime
) -> int:
    """Store the items, each id once, and what a scan found in them; returns how many are new.

    An item that is replaced without a time keeps the time of its creation.
    """
    ids = [item.id for item in items]
    values = {"items": _ITEMS.dump_json(items).decode(), "version": SCANNER_VERSION, "now": now}
    with keep_facts(connection, table, ids):
        if table.data:
            reopen_changed(connection, table, {item.id: item for item in items}, now=now)
        created: int = sum(connection.execute(text(_build_upsert(table)), values).scalars())
        if table.data:
            keep_removed(connection, table, found)
            save_violations(connection, table, ids, found, now=now)
    return created


def _build_upsert(table: ContentTable) -> str:
    names = [*table.columns, "inserted_at"]
    typed = ", ".join(f"{name} {kind}" for name, kind in {**table.columns, "inserted_at": "timestamptz"}.items())
    scanned = {"scanner_version": ":version", "violating": "false"} if table.data else {}
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
