"""What keeps runs going, whatever happens to workers, Redis and the scheduler."""

from datetime import datetime

from redis import Redis

from metrics_api.db.database import Database
from metrics_api.reports.enqueue import poke_due_runs
from metrics_api.reports.runs import expire_leases
from metrics_api.reports.slots import SCHEDULE_KEY, tick
from metrics_api.reports.telemetry import record_failed
from metrics_api.settings.queues import QueueSettings
from viral_contract.models.flags import Flag
from viral_runtime.flags.evaluate import Flags


def reconcile_runs(database: Database, redis: Redis, flags: Flags, settings: QueueSettings, *, now: datetime) -> None:
    """Take runs back from workers that are gone, record those of due slots, and put what waits on the queue."""
    with database.write() as connection:
        expired = expire_leases(connection, settings, now=now)
    for ended in expired:
        record_failed(ended)
    tick_schedules(database, redis, flags, settings, now=now)


def tick_schedules(
    database: Database, redis: Redis, flags: Flags, settings: QueueSettings, *, now: datetime
) -> list[int]:
    """Record a run for every due slot and put what waits on the queue; returns the new runs' ids."""
    enabled = flags.is_on(Flag.PERFORMANCE_REPORTS, SCHEDULE_KEY)
    with database.write() as connection:
        run_ids = tick(connection, enabled=enabled, now=now)
    poke_due_runs(database, redis, settings, now=now)
    return run_ids
