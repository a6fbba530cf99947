"""How much waits in every queue, is in work, and needs a person."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from redis import Redis
from sqlalchemy import Connection, text

from metrics_api.deliveries.counts import fetch_delivery_counts
from metrics_api.deliveries.enqueue import QUEUES
from viral_contract.models.queues import QueueState
from viral_runtime.work.known_jobs import count_refused
from viral_runtime.work.queues import QueueName, open_queue

_RUNS = text("""
    SELECT count(*) FILTER (WHERE status = 'queued') AS depth,
        count(*) FILTER (WHERE status = 'running') AS running,
        count(*) FILTER (WHERE status = 'failed' AND discarded_at IS NULL) AS failed, 0 AS uncertain,
        extract(epoch FROM :now - min(next_attempt_at) FILTER (WHERE status = 'queued' AND next_attempt_at <= :now))
            ::float AS oldest_waiting_seconds
    FROM report_runs WHERE status IN ('queued', 'running', 'failed')
""")
_BATCHES = text("""
    SELECT count(*) FILTER (WHERE status = 'queued') AS depth, count(*) FILTER (WHERE status = 'running') AS running,
        count(*) FILTER (WHERE status = 'failed' AND discarded_at IS NULL) AS failed, 0 AS uncertain,
        extract(epoch FROM :now - min(coalesce(next_attempt_at, created_at)) FILTER (
            WHERE status = 'queued' AND coalesce(next_attempt_at, created_at) <= :now
        ))::float AS oldest_waiting_seconds
    FROM batches WHERE status IN ('queued', 'running', 'failed')
""")


def fetch_queues(connection: Connection, redis: Redis, *, now: datetime) -> list[QueueState]:
    """Every queue: its rows are counted where it has some, else its jobs. Raises RedisError while Redis is away."""
    counted: dict[QueueName, dict[str, Any]] = {
        QueueName.PERFORMANCE_REPORTS: dict(connection.execute(_RUNS, {"now": now}).one()._mapping),
        QueueName.BATCH: dict(connection.execute(_BATCHES, {"now": now}).one()._mapping),
        **{QUEUES[kind][0]: asdict(counts) for kind, counts in fetch_delivery_counts(connection, now=now).items()},
    }
    return [
        QueueState(name=name, refused=count_refused(redis, name), **counted.get(name) or _count_jobs(redis, name))
        for name in QueueName
    ]


def _count_jobs(redis: Redis, name: QueueName) -> dict[str, int]:
    queue = open_queue(redis, name)
    # To clean the registries up is up to the workers, which know what to do with a job that was lost.
    running, failed = (
        registry.get_job_count(cleanup=False) for registry in (queue.started_job_registry, queue.failed_job_registry)
    )
    return {"depth": queue.count, "running": running, "failed": failed, "uncertain": 0}
