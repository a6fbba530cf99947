"""Puts the ids of waiting deliveries on their queues; what Redis loses is put there again later."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from redis import Redis, RedisError
from sqlalchemy import Row, text

from metrics_api.db.database import Database
from viral_engine.contract.deliveries import DeliveryKind
from viral_engine.queues import JobName, QueueName, enqueue
from viral_engine.settings import QueueSettings

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
    ) RETURNING id, kind, enqueue_count
""")
_log = structlog.get_logger()


def poke_due_deliveries(database: Database, redis: Redis, settings: QueueSettings, *, now: datetime) -> int:
    """Enqueue every waiting delivery that has not been lately, after its row was committed; returns how many."""
    values = {
        "now": now,
        "stale": now - timedelta(seconds=settings.repoke_seconds),
        "most": settings.repoke_batch,
    }
    with database.write() as connection:
        due = [row for kind in QUEUES for row in connection.execute(_DUE, values | {"kind": kind})]
    try:
        _enqueue_all(redis, due)
    except RedisError as error:
        _log.warning("queue_unavailable", queue="deliveries", error=type(error).__name__)
    return len(due)


def _enqueue_all(redis: Redis, due: Sequence[Row[Any]]) -> None:
    for row in sorted(due, key=lambda row: row.id):
        queue, job = QUEUES[row.kind]
        enqueue(redis, queue, job, row.id, row.enqueue_count)
