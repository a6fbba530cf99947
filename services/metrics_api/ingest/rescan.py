"""Scans stored content again after the scanner has changed, in steps of bounded work."""

from datetime import datetime

from sqlalchemy import Connection, text

from metrics_api.detection.pii.scanner import SCANNER_VERSION
from metrics_api.ingest.content_facts import keep_facts
from metrics_api.ingest.content_tables import SCANNED_TABLES, ContentTable
from metrics_api.ingest.violations import save_violations, scan_item

Step = list[str]
_ITEMS_PER_STEP = 500
# A large item counts for several, so that no step scans much more than 2 MiB.
_BYTES_PER_ITEM = 4096


def plan_rescan(connection: Connection) -> list[Step]:
    """The steps over everything that an older scanner has scanned: a kind, and the first and last id."""
    return [step for table in SCANNED_TABLES for step in _plan(connection, table)]


def _plan(connection: Connection, table: ContentTable) -> list[Step]:
    statement = text(f"""
        SELECT min(id), max(id) FROM (
            SELECT {table.key} AS id,
                (sum(1 + octet_length({table.data}::text) / :bytes) OVER (ORDER BY {table.key}) - 1) / :items AS step
            FROM {table.name} WHERE scanner_version < :version
        ) AS outdated GROUP BY step ORDER BY step
    """)
    values = {"bytes": _BYTES_PER_ITEM, "items": _ITEMS_PER_STEP, "version": SCANNER_VERSION}
    return [[table.kind, first, last] for first, last in connection.execute(statement, values)]


def rescan_step(connection: Connection, step: Step, *, phone_region: str, now: datetime) -> None:
    """Scan one step's items, those that are outdated still; doing it again changes nothing.

    Nothing is locked during the scan: an item that is written meanwhile has been scanned by its writer.
    """
    kind, first, last = step
    table = next(table for table in SCANNED_TABLES if table.kind == kind)
    outdated = text(f"""
        SELECT {table.key}, {table.data}, media, {table.actor} FROM {table.name}
        WHERE {table.key} BETWEEN :first AND :last AND scanner_version < :version
    """)
    rows = connection.execute(outdated, {"first": first, "last": last, "version": SCANNER_VERSION}).all()
    found = {row[0]: scan_item(*row, phone_region=phone_region) for row in rows}
    with keep_facts(connection, table, list(found)):
        ids = _mark_scanned(connection, table, list(found))
        save_violations(connection, table, ids, [violation for item_id in ids for violation in found[item_id]], now=now)


def _mark_scanned(connection: Connection, table: ContentTable, ids: list[str]) -> list[str]:
    """Note that this scanner has seen the items; returns those that no writer has brought up to date meanwhile."""
    statement = text(f"""
        UPDATE {table.name} SET scanner_version = :version
        WHERE {table.key} = ANY(:ids) AND scanner_version < :version RETURNING {table.key}
    """)
    return list(connection.execute(statement, {"ids": ids, "version": SCANNER_VERSION}).scalars())
