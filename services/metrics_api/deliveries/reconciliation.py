"""What keeps deliveries going, whatever happens to workers and Redis."""

from datetime import datetime

from prometheus_client import Gauge
from redis import Redis

from metrics_api.db.database import Database
from metrics_api.deliveries.counts import fetch_delivery_counts
from metrics_api.deliveries.poking import QUEUES, poke_due_deliveries
from metrics_api.deliveries.telemetry import record_ended
from metrics_api.deliveries.transitions import expire_leases
from viral_engine.settings import QueueSettings

_HELD = Gauge(
    "viral_engine_deliveries_held",
    "Deliveries that wait for a person, by queue",
    ["queue", "status"],
    multiprocess_mode="mostrecent",
)


def reconcile_deliveries(database: Database, redis: Redis, settings: QueueSettings, *, now: datetime) -> None:
    """Take deliveries back from workers that are gone, put what waits on its queue, and show what is held."""
    with database.write() as connection:
        expired = expire_leases(connection, settings, now=now)
    for ended in expired:
        record_ended(ended)
    poke_due_deliveries(database, redis, settings, now=now)
    with database.read() as connection:
        counts = fetch_delivery_counts(connection, now=now)
    for kind, counted in counts.items():
        _HELD.labels(queue=QUEUES[kind][0], status="failed").set(counted.failed)
        _HELD.labels(queue=QUEUES[kind][0], status="uncertain").set(counted.uncertain)
