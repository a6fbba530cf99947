"""Puts the ids of waiting runs on their queue; what Redis loses is put there again later."""

from datetime import datetime

from metrics_api.context import Context
from metrics_api.reports.runs import mark_due_runs
from metrics_api.work.enqueue import enqueue_due
from viral_runtime.work.queues import JobName, QueueName


def poke_due_runs(context: Context, *, now: datetime) -> None:
    """Enqueue every waiting run that has not been lately, after its row was committed."""
    with context.database.write() as connection:
        due = mark_due_runs(connection, context.settings.queues, now=now)
    enqueue_due(context.redis, QueueName.PERFORMANCE_REPORTS, JobName.GENERATE_REPORT, due)
