"""Starts long work, once for all of its kind that is not finished."""

from sqlalchemy import Connection, insert, select, text

from metrics_api.batches.ledger import IS_UNFINISHED
from metrics_api.batches.steps import WORKS
from metrics_api.db.tables import batches
from metrics_api.ingest.rescan import plan_finish, plan_rescan
from viral_contract.models.batches import BatchKind

_IS_STUCK = IS_UNFINISHED | ((batches.c.status == "failed") & batches.c.discarded_at.is_(None))
# A migration has changed what they are made of.
_IDS_IN_ANOTHER_FORM = text("""
    SELECT EXISTS (SELECT FROM user_journeys
            WHERE person IS NOT NFC NORMALIZED OR referrer_id IS NOT NFC NORMALIZED OR source IS NOT NFC NORMALIZED)
        OR EXISTS (SELECT FROM link_counts WHERE link_id IS NOT NFC NORMALIZED)
        OR EXISTS (SELECT FROM activity_per_referrer_day WHERE referrer_id IS NOT NFC NORMALIZED)
""")


def start_batch(connection: Connection, kind: BatchKind) -> int:
    """Plan the work's steps, or find the unfinished batch of the same kind to go on with; returns its id."""
    unfinished = select(batches.c.id).where(batches.c.kind == kind, IS_UNFINISHED)
    known: int | None = connection.execute(unfinished.order_by(batches.c.id).limit(1)).scalar()
    if known is not None:
        return known
    steps = WORKS[kind].plan(connection)
    row = {"kind": kind, "status": "queued" if steps else "done", "steps": steps}
    started: int = connection.execute(insert(batches).values(row).returning(batches.c.id)).scalar_one()
    return started


def start_due_rescan(connection: Connection) -> int | None:
    """Start to scan content again if an older scanner has scanned some of it; returns the batch, or None."""
    return start_batch(connection, "rescan_content") if plan_rescan(connection) else None


def start_due_rebuild(connection: Connection) -> int | None:
    """Start to rebuild the facts if some hold an id in another form than NFC; returns the batch, or None."""
    is_due: bool = connection.execute(_IDS_IN_ANOTHER_FORM).scalar_one()
    return start_batch(connection, "rebuild_facts") if is_due else None


def start_due_scans(connection: Connection) -> None:
    """Start to finish the scans that took too long, unless that is under way or a person is asked about it."""
    stuck = select(batches.c.id).where(batches.c.kind == "finish_scans", _IS_STUCK).limit(1)
    if connection.execute(stuck).first() is None and plan_finish(connection):
        start_batch(connection, "finish_scans")
