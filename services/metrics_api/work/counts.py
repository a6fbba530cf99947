"""Counts of every queue: waiting, running, failed and unconfirmed work."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from redis import Redis
from sqlalchemy import Connection, text

from metrics_api.work.kinds import Kind, in_states
from viral_contract.models.queues import QueueState
from viral_runtime.work.known_jobs import count_refused
from viral_runtime.work.queues import QueueName, open_queue


def fetch_queues(connection: Connection, redis: Redis, kinds: Sequence[Kind], *, now: datetime) -> list[QueueState]:
    """Every queue, counted by its rows if it has a table, else by its jobs. Raises RedisError."""
    statement = text(" UNION ALL ".join(_count_rows(kind, queue) for kind in kinds for queue in kind.queues))
    counted: dict[str, dict[str, Any]] = {
        row.name: row._asdict() for row in connection.execute(statement, {"now": now})
    }
    return [
        QueueState(refused=count_refused(redis, name), **(counted.get(name) or _count_jobs(redis, name)))
        for name in QueueName
    ]


def _count_rows(kind: Kind, queue: QueueName) -> str:
    is_queued, due_at = in_states(kind.waiting[0]), "coalesce(next_attempt_at, created_at)"
    return f"""
        SELECT '{queue}' AS name, count(*) FILTER (WHERE {is_queued}) AS depth,
            count(*) FILTER (WHERE {in_states(*kind.running)}) AS running,
            count(*) FILTER (WHERE {in_states(kind.failed)}) AS failed,
            count(*) FILTER (WHERE {in_states(*kind.unconfirmed)}) AS uncertain,
            extract(epoch FROM :now - min({due_at}) FILTER (WHERE {is_queued} AND {due_at} <= :now))
                ::float AS oldest_waiting_seconds
        FROM {kind.table}
        WHERE {kind.queues[queue]} AND ({in_states(*kind.waiting, *kind.running)} OR {kind.is_dead_letter})
    """


def _count_jobs(redis: Redis, name: QueueName) -> dict[str, Any]:
    queue = open_queue(redis, name)
    # Workers clean up the registries, because they know what to do with a lost job.
    running, failed = (
        registry.get_job_count(cleanup=False) for registry in (queue.started_job_registry, queue.failed_job_registry)
    )
    return {"name": name, "depth": queue.count, "running": running, "failed": failed, "uncertain": 0}
