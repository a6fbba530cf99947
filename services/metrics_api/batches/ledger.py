"""The rows of batches: their progress, and those that failed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, exists, select, text

from metrics_api.db.tables import batches
from metrics_api.work.dead_letters import Ledger, discard, format_letter, retry
from metrics_api.work.kinds import Kind
from viral_contract.models.batches import Batch, BatchKind
from viral_contract.models.queues import DeadLetter
from viral_runtime.work.queues import QueueName

BATCHES = Kind(
    "batch",
    "batches",
    {QueueName.BATCH: "true"},
    # A running batch also waits, between two steps.
    waiting=("queued", "running"),
    running=("running",),
    failed="failed",
)
IS_UNFINISHED = batches.c.status.in_(BATCHES.waiting)
IS_STUCK = IS_UNFINISHED | ((batches.c.status == "failed") & batches.c.discarded_at.is_(None))
_REBUILDS: Sequence[BatchKind] = ("classify_events", "rebuild_facts", "rebuild_days")
# Longer than the last step takes, and than it takes to read the facts.
_JUST_FINISHED = timedelta(minutes=5)
_FAILED = text("""
    SELECT id, status, kind, done_steps, jsonb_array_length(steps) AS total_steps, last_error, attempt, finished_at
    FROM batches WHERE id = ANY(:ids)
""")


def fetch_all_unfinished(connection: Connection) -> list[Batch]:
    """The progress of every unfinished batch, oldest first."""
    return [_format(row) for row in connection.execute(select(batches).where(IS_UNFINISHED).order_by(batches.c.id))]


def fetch_batch(connection: Connection, batch_id: int) -> Batch | None:
    """The progress of a batch, or None if it does not exist."""
    row = connection.execute(select(batches).where(batches.c.id == batch_id)).one_or_none()
    return None if row is None else _format(row)


def is_rebuilding(connection: Connection, *, now: datetime) -> bool:
    """Whether facts are missing, or were a moment ago, because a batch rebuilds them."""
    is_recent = batches.c.finished_at > now - _JUST_FINISHED
    rebuilding = exists().where(batches.c.kind.in_(_REBUILDS), IS_STUCK | is_recent)
    found: bool = connection.execute(select(rebuilding)).scalar_one()
    return found


def describe_failed_batches(connection: Connection, batch_ids: Sequence[int]) -> dict[int, DeadLetter]:
    """Failed batches as dead letters, by their ids."""
    return {
        row.id: format_letter(BATCHES, QueueName.BATCH, row, what=_name(row))
        for row in connection.execute(_FAILED, {"ids": list(batch_ids)})
    }


def _name(row: Row[Any]) -> str:
    return f"{row.kind.replace('_', ' ')}, {row.done_steps} of {row.total_steps} steps done"


def _format(row: Row[Any]) -> Batch:
    return Batch(
        id=row.id,
        kind=row.kind,
        status=row.status,
        done_steps=row.done_steps,
        total_steps=len(row.steps),
        last_error=row.last_error,
    )


BATCH_LEDGER = Ledger(
    BATCHES, describe_failed_batches, {"retry": retry(BATCHES).take, "discard": discard(BATCHES).take}
)
