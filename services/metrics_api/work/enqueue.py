"""Puts the ids of waiting rows on a queue; what Redis loses is put there again later."""

from collections.abc import Mapping

import structlog
from redis import Redis, RedisError

from viral_runtime.work.queues import JobName, QueueName, enqueue, fetch_queued_rows

_log = structlog.get_logger()


def enqueue_due(redis: Redis, queue: QueueName, job: JobName, due: Mapping[int, int]) -> None:
    """Enqueue rows whose change is committed, each with how often it was due; those that are on the queue stay there.

    So a queue that nobody works on holds one job a row, however long that lasts. While Redis is away nothing is lost.
    """
    try:
        queued = fetch_queued_rows(redis, queue) if any(count > 1 for count in due.values()) else set()
        for row_id, count in due.items():
            if row_id not in queued:
                enqueue(redis, queue, job, row_id, count)
    except RedisError as error:
        _log.warning("queue_unavailable", queue=queue, error=type(error).__name__)
