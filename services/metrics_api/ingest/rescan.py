"""Scans stored content again in steps of bounded work: after the scanner has changed, and what took too long before."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, text

from metrics_api.ingest.content_facts import keep_facts
from metrics_api.ingest.content_scan import UNSCANNED_VERSION, Scan, ScanTime, save_violations, scan_item
from metrics_api.ingest.content_tables import SCANNED_TABLES, ContentTable
from metrics_api.ingest.scan_apart import scan_apart
from metrics_api.pii_scanner.scanner import SCANNER_VERSION

Step = list[str]
_ITEMS_PER_STEP = 500
# A large item counts for several, so that no step scans much more than 2 MiB.
_BYTES_PER_ITEM = 4096
# A step is answered before the worker stops waiting.
_ITEMS_IN_FULL = 15
_UNSCANNED_AT_ONCE = 200
_LONGER = 10
_IS_OUTDATED = f"scanner_version < :version AND scanner_version <> {UNSCANNED_VERSION}"


def plan_rescan(connection: Connection) -> list[Step]:
    """The steps over everything that an older scanner has scanned: a kind, and the first and last id."""
    return [step for table in SCANNED_TABLES for step in _plan(connection, table)]


def _plan(connection: Connection, table: ContentTable) -> list[Step]:
    statement = text(f"""
        SELECT min(id), max(id) FROM (
            SELECT {table.key} AS id,
                (sum(1 + octet_length({table.data}::text) / :bytes) OVER (ORDER BY {table.key}) - 1) / :items AS step
            FROM {table.name} WHERE {_IS_OUTDATED}
        ) AS outdated GROUP BY step ORDER BY step
    """)
    values = {"bytes": _BYTES_PER_ITEM, "items": _ITEMS_PER_STEP, "version": SCANNER_VERSION}
    return [[table.kind, first, last] for first, last in connection.execute(statement, values)]


def plan_finish(connection: Connection) -> list[Step]:
    """A step for each item that took too long when it was scanned last: a kind and an id."""
    steps: list[Step] = []
    for table in SCANNED_TABLES:
        # The condition is that of the index.
        statement = text(f"""
            SELECT {table.key} FROM {table.name} WHERE scanner_version = {UNSCANNED_VERSION}
            ORDER BY {table.key} LIMIT :most
        """)
        ids = connection.execute(statement, {"most": _UNSCANNED_AT_ONCE}).scalars()
        steps += [[table.kind, item_id] for item_id in ids]
    return steps


def rescan_step(connection: Connection, step: Step, *, phone_region: str, seconds: float, now: datetime) -> None:
    """Scan one step's items, those that are outdated still; doing it again changes nothing.

    Nothing is locked during the scan: an item that is written meanwhile has been scanned by its writer. What takes
    longer than the given processor time waits for `finish_step`.
    """
    kind, first, last = step
    table = _find_table(kind)
    outdated = text(f"""
        SELECT {table.key}, {table.data}, media, {table.actor} FROM {table.name}
        WHERE {table.key} BETWEEN :first AND :last AND {_IS_OUTDATED}
    """)
    values = {"first": first, "last": last, "version": SCANNER_VERSION}
    scan_time = ScanTime(seconds, all_items=_ITEMS_IN_FULL * seconds)
    scans = {
        row[0]: scan_item(*row, phone_region=phone_region, scan_time=scan_time)
        for row in connection.execute(outdated, values).all()
    }
    _save(connection, table, scans, _IS_OUTDATED, {}, unscanned=UNSCANNED_VERSION, now=now)


def finish_step(connection: Connection, step: Step, *, phone_region: str, seconds: float, now: datetime) -> None:
    """Scan one item that took too long, with ten times the processor time and in a process of its own.

    What takes longer still remains not scanned until a newer scanner comes, or somebody says what became of it.
    """
    kind, item_id = step
    table = _find_table(kind)
    waiting = text(f"""
        SELECT {table.data} AS data, media, {table.actor} AS actor, xmin::text AS row_version FROM {table.name}
        WHERE {table.key} = :id AND scanner_version = {UNSCANNED_VERSION}
    """)
    row = connection.execute(waiting, {"id": item_id}).one_or_none()
    if row is None:
        return
    scan = scan_apart(item_id, row.data, row.media, row.actor, phone_region=phone_region, seconds=_LONGER * seconds)
    # A writer who was given up as well leaves the same version of the scanner, but another version of the row.
    values = {"row_version": row.row_version}
    _save(connection, table, {item_id: scan}, "xmin::text = :row_version", values, unscanned=SCANNER_VERSION, now=now)


def _find_table(kind: str) -> ContentTable:
    return next(table for table in SCANNED_TABLES if table.kind == kind)


def _save(
    connection: Connection,
    table: ContentTable,
    scans: Mapping[str, Scan],
    condition: str,
    values: Mapping[str, object],
    *,
    unscanned: int,
    now: datetime,
) -> None:
    """Store what was found in the items that hold the condition still, which no writer has changed meanwhile.

    `unscanned` becomes the scanner's version of those whose scan was given up.
    """
    statement = text(f"""
        UPDATE {table.name}
        SET scanner_version = CASE WHEN {table.key} = ANY(:complete) THEN CAST(:version AS integer) ELSE :given_up END
        WHERE {table.key} = ANY(:ids) AND {condition} RETURNING {table.key}
    """)
    complete = [item_id for item_id, scan in scans.items() if scan.is_complete]
    given = {**values, "ids": list(scans), "complete": complete, "version": SCANNER_VERSION, "given_up": unscanned}
    with keep_facts(connection, table, list(scans)):
        unchanged = connection.execute(statement, given).scalars().all()
        save_violations(connection, table, {item_id: scans[item_id] for item_id in unchanged}, now=now)
