"""Keeps what is known of content by day: how many items, unopened, participants, checked and violating.

An item counts on the day of its creation. An item that was deleted after one of its violations was resolved as removed
is still counted there as checked and violating: removing it does not make the day look cleaner than it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.ingest.content_tables import COUNTS, ContentTable
from metrics_api.ingest.locks import lock_items, share_facts

DayCounts = Mapping[date, Row[Any]]

_DAY = "(inserted_at AT TIME ZONE 'UTC')::date AS day"
_ADD = text(f"""
    INSERT INTO content_per_day AS fact (day, kind, {", ".join(COUNTS)})
    VALUES (:day, :kind, {", ".join(f":{name}" for name in COUNTS)})
    ON CONFLICT (day, kind) DO UPDATE SET {", ".join(f"{name} = fact.{name} + excluded.{name}" for name in COUNTS)}
""")


@dataclass(frozen=True)
class Selection:
    """Some items of a kind, by a condition in SQL that holds of an item and of its violations alike."""

    condition: str
    values: Mapping[str, object]


def _of_ids(ids: Sequence[str]) -> Selection:
    return Selection("{id} = ANY(:ids)", {"ids": list(ids)})


def _of_day(start: datetime) -> Selection:
    return Selection("inserted_at >= :start AND inserted_at < :start + interval '1 day'", {"start": start})


@contextmanager
def keep_facts(connection: Connection, table: ContentTable, ids: Sequence[str]) -> Iterator[None]:
    """Let the block change these items and their violations as nobody else can meanwhile, then adjust the facts."""
    share_facts(connection)
    lock_items(connection, table.kind, ids)
    items = _of_ids(ids)
    before = _fetch_counts(connection, table, items)
    yield
    _save_judgements(connection, table, items)
    _save_counts(connection, table, _fetch_counts(connection, table, items), minus=before)


def rebuild_counts(connection: Connection, table: ContentTable, start: datetime) -> None:
    """Count the items of the UTC day that begins at `start` again; the day has no facts of this kind any more."""
    items = _of_day(start)
    _save_judgements(connection, table, items)
    _save_counts(connection, table, _fetch_counts(connection, table, items), minus={})


def _fetch_counts(connection: Connection, table: ContentTable, selection: Selection) -> DayCounts:
    """What the selected items add up to, by day."""
    sums = ", ".join(f"sum({name})::bigint AS {name}" for name in COUNTS)
    statement = text(f"SELECT day, {sums} FROM ({_counted(table, selection)}) AS counted GROUP BY day")
    rows = connection.execute(statement, {**selection.values, "kind": table.kind})
    return {row.day: row for row in rows}


def _counted(table: ContentTable, selection: Selection) -> str:
    counts = ", ".join(f"{table.counts.get(name, '0')} AS {name}" for name in COUNTS)
    stored = f"SELECT {_DAY}, {counts} FROM {table.name} WHERE {selection.condition.format(id=table.key)}"
    if table.data is None:
        return stored
    removed = f"""SELECT DISTINCT ON (content_id) {_DAY}, 0, 0, 0, 1, 1 FROM violations
        WHERE content_kind = :kind AND {selection.condition.format(id="content_id")} AND resolution = 'removed'
            AND NOT EXISTS (SELECT FROM {table.name} WHERE {table.key} = content_id)"""
    return f"{stored} UNION ALL ({removed})"


def _save_counts(connection: Connection, table: ContentTable, counts: DayCounts, *, minus: DayCounts) -> None:
    """Add the difference to the facts, day after day, as every writer does."""
    changes = []
    for day in sorted({*counts, *minus}):
        change = {name: _count(counts, day, name) - _count(minus, day, name) for name in COUNTS}
        if any(change.values()):
            changes.append({"day": day, "kind": table.kind, **change})
    if changes:
        connection.execute(_ADD, changes)


def _count(counts: DayCounts, day: date, name: str) -> int:
    return getattr(counts[day], name) if day in counts else 0


def _save_judgements(connection: Connection, table: ContentTable, selection: Selection) -> None:
    """Mark the items as violating unless they have no violations, or none that is not a false positive."""
    if table.data is None:
        return
    statement = f"""
        UPDATE {table.name} AS item SET violating = judged.violating
        FROM (
            SELECT {table.key}, EXISTS (
                SELECT FROM violations WHERE content_kind = :kind AND content_id = {table.key}
                    AND resolution IS DISTINCT FROM 'false_positive') AS violating
            FROM {table.name} WHERE {selection.condition.format(id=table.key)}
        ) AS judged
        WHERE judged.{table.key} = item.{table.key} AND judged.violating <> item.violating
    """
    connection.execute(text(statement), {**selection.values, "kind": table.kind})
