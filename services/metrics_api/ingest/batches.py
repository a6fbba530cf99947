"""Long work in bounded steps, each committed by itself, so that it can stop anywhere and go on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from psycopg.errors import QueryCanceled
from sqlalchemy import Connection, Row, insert, select, text
from sqlalchemy.exc import OperationalError

from metrics_api.db.tables import batches
from metrics_api.ingest.rebuild import plan_rebuild, rebuild_step
from metrics_api.ingest.rescan import finish_step, plan_finish, plan_rescan, rescan_step
from metrics_api.work.backoff import BACKOFF
from viral_contract.models.batches import Batch, BatchKind, BatchStatus

MAX_ATTEMPTS = 5
_log = structlog.get_logger()


@dataclass(frozen=True)
class Circumstances:
    """What a step may depend on beside the stored data."""

    phone_region: str
    scan_seconds: float
    now: datetime
    backoff_base_seconds: float


@dataclass(frozen=True)
class Work:
    """One kind of long work: what its steps are, and how one is done; a step is any JSON."""

    plan: Callable[[Connection], list[Any]]
    step: Callable[[Connection, Any, Circumstances], None]


def _rescan(connection: Connection, step: list[str], given: Circumstances) -> None:
    rescan_step(connection, step, phone_region=given.phone_region, seconds=given.scan_seconds, now=given.now)


def _finish(connection: Connection, step: list[str], given: Circumstances) -> None:
    finish_step(connection, step, phone_region=given.phone_region, seconds=given.scan_seconds, now=given.now)


WORKS: Mapping[BatchKind, Work] = {
    "rebuild_facts": Work(plan_rebuild, lambda connection, step, _given: rebuild_step(connection, step)),
    "rescan_content": Work(plan_rescan, _rescan),
    "finish_scans": Work(plan_finish, _finish),
    # Whoever erases a subject knows the days.
    "rebuild_days": Work(lambda _connection: [], lambda connection, step, _given: rebuild_step(connection, step)),
}

_UNFINISHED: tuple[BatchStatus, ...] = ("queued", "running")
_IS_UNFINISHED = batches.c.status.in_(_UNFINISHED)
_IS_STUCK = _IS_UNFINISHED | ((batches.c.status == "failed") & batches.c.discarded_at.is_(None))
# Whoever comes while another does a step finds nothing, and need not wait for it.
_NEXT = text("""
    SELECT id, kind, steps -> done_steps AS step, done_steps + 1 = jsonb_array_length(steps) AS is_last FROM batches
    WHERE id = :batch_id AND status IN ('queued', 'running')
        AND (next_attempt_at IS NULL OR next_attempt_at <= :now)
    FOR UPDATE SKIP LOCKED
""")
# A batch that goes on need not be put on its queue again.
_DONE = text("""
    UPDATE batches SET done_steps = done_steps + 1, attempt = 0, next_attempt_at = NULL, last_error = NULL,
        enqueued_at = :now, status = CASE WHEN :is_last THEN 'done' ELSE 'running' END,
        finished_at = CASE WHEN :is_last THEN CAST(:now AS timestamptz) END
    WHERE id = :batch_id
""")
# A migration has changed what they are made of.
_IDS_IN_ANOTHER_FORM = text("""
    SELECT EXISTS (SELECT FROM user_journeys
            WHERE person IS NOT NFC NORMALIZED OR referrer_id IS NOT NFC NORMALIZED OR source IS NOT NFC NORMALIZED)
        OR EXISTS (SELECT FROM link_counts WHERE link_id IS NOT NFC NORMALIZED)
        OR EXISTS (SELECT FROM activity_per_referrer_day WHERE referrer_id IS NOT NFC NORMALIZED)
""")
_FAILED = text(f"""
    UPDATE batches SET attempt = attempt + 1, last_error = :error, enqueued_at = NULL,
        next_attempt_at = :now + {BACKOFF},
        status = CASE WHEN attempt + 1 >= :most THEN 'failed' ELSE status END,
        finished_at = CASE WHEN attempt + 1 >= :most THEN CAST(:now AS timestamptz) END
    WHERE id = :batch_id
""")


def start_batch(connection: Connection, kind: BatchKind) -> int:
    """Plan the work's steps, or find the unfinished batch of the same kind to go on with; returns its id."""
    unfinished = select(batches.c.id).where(batches.c.kind == kind, _IS_UNFINISHED)
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


def fetch_all_unfinished(connection: Connection) -> list[Batch]:
    """How far every batch has come that has steps left, the oldest first."""
    return [_format(row) for row in connection.execute(select(batches).where(_IS_UNFINISHED).order_by(batches.c.id))]


def fetch_batch(connection: Connection, batch_id: int) -> Batch | None:
    """How far a batch has come, or None when there is no such batch."""
    row = connection.execute(select(batches).where(batches.c.id == batch_id)).one_or_none()
    return None if row is None else _format(row)


def step_batch(connection: Connection, batch_id: int, given: Circumstances) -> Batch | None:
    """Do the next step if one is left; None where it is in other hands, waits after a failure, or never was.

    A step that fails is undone and noted; after MAX_ATTEMPTS failures in a row the batch has failed. Raises
    OperationalError when it is the database that cannot do it now, which says nothing about the step.
    """
    row = connection.execute(_NEXT, {"batch_id": batch_id, "now": given.now}).one_or_none()
    if row is None:
        batch = fetch_batch(connection, batch_id)
        return batch if batch and batch.status not in _UNFINISHED else None
    try:
        with connection.begin_nested():
            WORKS[row.kind].step(connection, row.step, given)
    except Exception as error:
        if isinstance(error, OperationalError) and not isinstance(error.orig, QueryCanceled):
            raise
        _log.exception("batch_step_failed", batch_id=batch_id, kind=row.kind)
        _save_failure(connection, batch_id, error, given)
    else:
        connection.execute(_DONE, {"batch_id": batch_id, "is_last": row.is_last, "now": given.now})
    return fetch_batch(connection, batch_id)


def _save_failure(connection: Connection, batch_id: int, error: Exception, given: Circumstances) -> None:
    # What follows the first line may tell what is stored.
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    values = {"batch_id": batch_id, "error": reason, "now": given.now, "most": MAX_ATTEMPTS}
    connection.execute(_FAILED, {**values, "base": given.backoff_base_seconds})


def _format(row: Row[Any]) -> Batch:
    return Batch(
        id=row.id,
        kind=row.kind,
        status=row.status,
        done_steps=row.done_steps,
        total_steps=len(row.steps),
        last_error=row.last_error,
    )
