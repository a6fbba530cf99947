"""What keeps deliveries going, whatever happens to workers and Redis."""

from datetime import datetime

from redis import Redis

from metrics_api.db.database import Database
from metrics_api.deliveries.enqueue import poke_due_deliveries
from metrics_api.deliveries.telemetry import record_ended
from metrics_api.deliveries.transitions import expire_leases
from metrics_api.settings.queues import QueueSettings


def reconcile_deliveries(database: Database, redis: Redis, settings: QueueSettings, *, now: datetime) -> None:
    """Take deliveries back from workers that are gone, and put what waits on its queue."""
    with database.write() as connection:
        expired = expire_leases(connection, settings, now=now)
    for ended in expired:
        record_ended(ended)
    poke_due_deliveries(database, redis, settings, now=now)
