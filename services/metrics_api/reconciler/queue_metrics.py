"""The queues as figures, shown by the reconciler that leads, so that each is shown once."""

from datetime import datetime

from prometheus_client import Gauge
from redis import Redis

from metrics_api.db.database import Database
from metrics_api.ledgers import KINDS
from metrics_api.work.counts import fetch_queues

_WORK = Gauge(
    "viral_engine_queue_work",
    "Work of a queue, by state: waiting, running, failed for good, or uncertain",
    ["queue", "state"],
    multiprocess_mode="livemax",
)
_OLDEST = Gauge(
    "viral_engine_queue_oldest_seconds",
    "How long the oldest work of a queue has been due, 0 where none waits",
    ["queue"],
    multiprocess_mode="livemax",
)


def measure_queues(database: Database, redis: Redis, *, now: datetime) -> None:
    """Show how much is in each queue, and how long the oldest has waited."""
    with database.read() as connection:
        states = fetch_queues(connection, redis, KINDS, now=now)
    for queue in states:
        _WORK.labels(queue.name, "waiting").set(queue.depth)
        _WORK.labels(queue.name, "running").set(queue.running)
        _WORK.labels(queue.name, "failed").set(queue.failed)
        _WORK.labels(queue.name, "uncertain").set(queue.uncertain)
        _OLDEST.labels(queue.name).set(queue.oldest_waiting_seconds or 0)


def forget_queues() -> None:
    """Show nothing anymore, since another process may lead, and figures that stand still would be believed."""
    _WORK.clear()
    _OLDEST.clear()
