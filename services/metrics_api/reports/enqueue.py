"""Puts the ids of waiting runs on their queue; what Redis loses is put there again later."""

from datetime import datetime

from redis import Redis

from metrics_api.db.database import Database
from metrics_api.reports.runs import mark_due_runs
from metrics_api.settings.queues import QueueSettings
from metrics_api.work.enqueue import enqueue_due
from viral_runtime.work.queues import JobName, QueueName


def poke_due_runs(database: Database, redis: Redis, settings: QueueSettings, *, now: datetime) -> None:
    """Enqueue every waiting run that has not been lately, after its row was committed."""
    with database.write() as connection:
        due = mark_due_runs(connection, settings, now=now)
    enqueue_due(redis, QueueName.PERFORMANCE_REPORTS, JobName.GENERATE_REPORT, due)
