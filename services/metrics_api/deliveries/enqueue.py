"""Puts the ids of waiting deliveries on their queues; what Redis loses is put there again later."""

from datetime import datetime, timedelta

from sqlalchemy import text

from metrics_api.context import Context
from metrics_api.work.enqueue import enqueue_due
from viral_contract.models.deliveries import DeliveryKind
from viral_runtime.work.queues import JobName, QueueName

QUEUES: dict[DeliveryKind, tuple[QueueName, JobName]] = {
    "email": (QueueName.EMAIL_DELIVERY, JobName.SEND_EMAIL),
    "webhook": (QueueName.WEBHOOKS, JobName.POST_WEBHOOK),
}

# Each kind by itself, the longest untouched first: what nobody takes must not keep the rest from its queue.
_DUE = text("""
    UPDATE deliveries SET enqueued_at = :now, enqueue_count = enqueue_count + 1
    WHERE id IN (
        SELECT id FROM deliveries
        WHERE status = 'pending' AND kind = :kind AND next_attempt_at <= :now
            AND (enqueued_at IS NULL OR enqueued_at < :stale)
        ORDER BY enqueued_at NULLS FIRST, next_attempt_at, id LIMIT :most FOR UPDATE SKIP LOCKED
    ) RETURNING id, enqueue_count
""")


def poke_due_deliveries(context: Context, *, now: datetime) -> None:
    """Enqueue every waiting delivery that has not been lately, after its row was committed."""
    values = {
        "now": now,
        "stale": now - timedelta(seconds=context.settings.queues.repoke_seconds),
        "most": context.settings.queues.repoke_batch,
    }
    with context.database.write() as connection:
        due = {kind: connection.execute(_DUE, values | {"kind": kind}).all() for kind in QUEUES}
    for kind, rows in due.items():
        enqueue_due(context.redis, *QUEUES[kind], {row.id: row.enqueue_count for row in sorted(rows)})
