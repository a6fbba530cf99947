"""Batches on their queue: put there, and taken up again or let go by a person after they failed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from metrics_api.access.decisions import save_decision
from metrics_api.context import Context
from metrics_api.work.enqueue import enqueue_due
from viral_contract.models.queues import DeadLetter
from viral_runtime.work.queues import JobName, QueueName

_DUE = text("""
    UPDATE batches SET enqueued_at = :now, enqueue_count = enqueue_count + 1
    WHERE id IN (
        SELECT id FROM batches
        WHERE status IN ('queued', 'running') AND (next_attempt_at IS NULL OR next_attempt_at <= :now)
            AND (enqueued_at IS NULL OR enqueued_at < :stale)
        ORDER BY enqueued_at NULLS FIRST, id LIMIT :most FOR UPDATE SKIP LOCKED
    ) RETURNING id, enqueue_count
""")
_FAILED = text("""
    SELECT id, kind, done_steps, jsonb_array_length(steps) AS total_steps, last_error, attempt, finished_at FROM batches
    WHERE id = ANY(:ids)
""")
_IS_FAILED = "WHERE id = :row_id AND status = 'failed' AND discarded_at IS NULL"
_RETRY = text(f"""
    UPDATE batches SET status = 'queued', attempt = 0, next_attempt_at = :now, enqueued_at = NULL, finished_at = NULL
    {_IS_FAILED}
""")
_DISCARD = text(f"UPDATE batches SET discarded_at = :now {_IS_FAILED}")


def poke_due_batches(context: Context, *, now: datetime) -> None:
    """Enqueue every unfinished batch that nobody has stepped or enqueued lately, after its row was committed."""
    settings = context.settings.queues
    values = {"now": now, "stale": now - timedelta(seconds=settings.repoke_seconds), "most": settings.repoke_batch}
    with context.database.write() as connection:
        rows = connection.execute(_DUE, values).all()
    enqueue_due(context.redis, QueueName.BATCH, JobName.STEP_BATCH, {row.id: row.enqueue_count for row in sorted(rows)})


def fetch_failed_batches(connection: Connection, batch_ids: Sequence[int]) -> dict[int, DeadLetter]:
    """Batches that failed for good, by their ids."""
    return {
        row.id: DeadLetter(
            id=f"batch-{row.id}",
            queue=QueueName.BATCH,
            what=f"{row.kind.replace('_', ' ')}, {row.done_steps} of {row.total_steps} steps done",
            reason=row.last_error or "unknown",
            attempts=row.attempt,
            failed_at=row.finished_at,
        )
        for row in connection.execute(_FAILED, {"ids": list(batch_ids)})
    }


def retry_batch(connection: Connection, batch_id: int, *, actor: str, now: datetime) -> bool:
    """Let a failed batch go on with the step that failed; False when it is no dead letter."""
    return save_decision(connection, _RETRY, "retry_dead_letter", ("batch", batch_id), actor=actor, now=now)


def discard_batch(connection: Connection, batch_id: int, *, actor: str, now: datetime) -> bool:
    """Let a failed batch go; False when it is no dead letter."""
    return save_decision(connection, _DISCARD, "discard_dead_letter", ("batch", batch_id), actor=actor, now=now)
