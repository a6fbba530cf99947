"""Puts the ids of waiting runs on their queue; what Redis loses is put there again later."""

from datetime import datetime

import structlog
from redis import Redis, RedisError

from metrics_api.db.database import Database
from metrics_api.reports.runs import mark_due_runs
from viral_engine.queues import JobName, QueueName, enqueue
from viral_engine.settings import QueueSettings

_log = structlog.get_logger()


def poke_due_runs(database: Database, redis: Redis, settings: QueueSettings, *, now: datetime) -> int:
    """Enqueue every waiting run that has not been lately, after its row was committed; returns how many."""
    with database.write() as connection:
        due = mark_due_runs(connection, settings, now=now)
    try:
        for run_id, enqueue_count in due.items():
            enqueue(redis, QueueName.PERFORMANCE_REPORTS, JobName.GENERATE_REPORT, run_id, enqueue_count)
    except RedisError as error:
        _log.warning("queue_unavailable", queue=QueueName.PERFORMANCE_REPORTS, error=type(error).__name__)
    return len(due)
