"""The scheduler of reports, by rq-scheduler.

Its entries only put a tick on the default queue; the metrics API computes which slots are due, so that a duplicate,
late or missing tick makes no difference to the reports.
"""

import os
import time
import warnings
from pathlib import Path

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq.job import Job
from rq.serializers import JSONSerializer
from rq_scheduler import Scheduler

from report_worker.settings import SchedulerSettings
from viral_runtime.settings.groups import WorkerSettings
from viral_runtime.work.queues import JOB_TIMEOUT_SECONDS, JobName, QueueName
from viral_runtime.work.stop import watch_stop_signals

# Cron: minute, hour, day of the month, month, day of the week; all UTC.
SCHEDULE = {"weekly-reports": "0 9 * * 1", "monthly-reports": "0 10 1 * *"}
_KEEP_FOR_EVER = -1
_log = structlog.get_logger()


class JsonJob(Job):
    """A job serialized as JSON, as the workers read it; rq-scheduler has no other setting for it."""

    def __init__(self, id: str | None = None, connection: Redis | None = None, serializer: object = None) -> None:  # noqa: A002
        super().__init__(id, connection, serializer or JSONSerializer)


def run_scheduler(worker: WorkerSettings, settings: SchedulerSettings) -> None:
    """Tick until SIGTERM or SIGINT; survives outages of Redis."""
    use_utc()
    # It warns of a change of its library's default time zone, which is the same in UTC.
    warnings.filterwarnings("ignore", category=FutureWarning, module="rq_scheduler")
    scheduler = open_scheduler(Redis.from_url(worker.redis_url), settings.scheduler_seconds)
    stop = watch_stop_signals()
    _log.info("scheduler_started", entries=SCHEDULE)
    while not stop.is_set():
        tick(scheduler, worker.heartbeat_file)
        stop.wait(settings.scheduler_seconds)
    _log.info("scheduler_stopped")


def use_utc() -> None:
    """Set this process's time zone to UTC, because rq-scheduler computes in it whatever its arguments are."""
    os.environ["TZ"] = "UTC"
    time.tzset()


def open_scheduler(redis: Redis, seconds: float) -> Scheduler:
    """The schedule in this Redis, checked at an interval of seconds."""
    return Scheduler(str(QueueName.DEFAULT), connection=redis, job_class=JsonJob, interval=seconds)


def tick(scheduler: Scheduler, heartbeat_file: Path | None) -> None:
    """Restore missing entries and enqueue due ticks; of several schedulers one does it."""
    if heartbeat_file:
        heartbeat_file.touch()
    try:
        ensure_schedule(scheduler)
        if scheduler.acquire_lock():
            try:
                scheduler.enqueue_jobs()
            finally:
                scheduler.remove_lock()
    except RedisError as error:
        _log.warning("redis_unavailable", error=type(error).__name__)


def ensure_schedule(scheduler: Scheduler) -> None:
    """Register missing entries; registering one again while it is due would lose its slot."""
    for name, cron in SCHEDULE.items():
        if name not in scheduler:
            scheduler.cron(
                cron,
                str(JobName.TICK_SCHEDULES),
                id=name,
                queue_name=str(QueueName.DEFAULT),
                timeout=JOB_TIMEOUT_SECONDS[JobName.TICK_SCHEDULES],
                result_ttl=_KEEP_FOR_EVER,
            )
            _log.info("schedule_registered", entry=name, cron=cron)
