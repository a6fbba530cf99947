"""Puts the ids of due rows on their queues, again if Redis loses them."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from redis import Redis, RedisError
from sqlalchemy import Connection, text

from metrics_api.context import Context
from metrics_api.settings.queues import QueueSettings
from metrics_api.work.kinds import Kind
from viral_runtime.work.queues import JOB_OF_QUEUE, QueueName, enqueue, fetch_queued_rows

_log = structlog.get_logger()


def enqueue_due(context: Context, kind: Kind, *, now: datetime) -> None:
    """Enqueue every due row that was not enqueued recently; one that is on its queue is not added again.

    So a queue without workers holds one job per row. While Redis is unavailable nothing is lost.
    """
    settings = context.settings.queues
    with context.database.write() as connection:
        due = {queue: _mark_due(connection, kind, queue, settings, now=now) for queue in kind.queues}
    for queue, rows in due.items():
        try:
            _enqueue(context.redis, queue, rows)
        except RedisError as error:
            _log.warning("queue_unavailable", queue=queue, error=type(error).__name__)


def _mark_due(
    connection: Connection, kind: Kind, queue: QueueName, settings: QueueSettings, *, now: datetime
) -> dict[int, int]:
    """The rows of one queue to enqueue, longest untouched first, each with the number of times it was enqueued.

    So rows that no worker takes do not block the others.
    """
    statement = text(f"""
        UPDATE {kind.table} SET enqueued_at = :now, enqueue_count = enqueue_count + 1
        WHERE id IN (
            SELECT id FROM {kind.table}
            WHERE {kind.is_due} AND {kind.queues[queue]} AND (enqueued_at IS NULL OR enqueued_at < :stale)
            ORDER BY enqueued_at NULLS FIRST, next_attempt_at NULLS FIRST, id LIMIT :most FOR UPDATE SKIP LOCKED
        ) RETURNING id, enqueue_count
    """)
    stale = now - timedelta(seconds=settings.repoke_seconds)
    rows = connection.execute(statement, {"now": now, "stale": stale, "most": settings.repoke_batch})
    return {row.id: row.enqueue_count for row in sorted(rows)}


def _enqueue(redis: Redis, queue: QueueName, due: Mapping[int, int]) -> None:
    queued = fetch_queued_rows(redis, queue) if any(count > 1 for count in due.values()) else set()
    for row_id, count in due.items():
        if row_id not in queued:
            enqueue(redis, queue, JOB_OF_QUEUE[queue], row_id, count)
