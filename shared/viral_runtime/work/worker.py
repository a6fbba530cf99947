"""A worker process for one queue: a forking RQ worker, with timings that detect a killed one soon.

One queue only, because a job popped from one of several is lost if its worker dies before it begins.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, cast

import structlog
from prometheus_client import Counter, Gauge, Histogram
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.exceptions import StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from viral_runtime.observe.logs import capture_library_logs, configure_logging
from viral_runtime.observe.metrics import serve_metrics
from viral_runtime.observe.telemetry import DURATIONS
from viral_runtime.observe.tracing import continue_request, start_tracing
from viral_runtime.settings.base import EnvironmentSettings, load_settings_or_exit
from viral_runtime.settings.groups import LogSettings, TelemetrySettings, WorkerMetricsSettings, WorkerSettings
from viral_runtime.work.known_jobs import KnownJob, build_job_class, bury_refused
from viral_runtime.work.queues import JOB_OF_QUEUE, LAST_WORD_SECONDS, QueueName

JOB_MONITORING_SECONDS = 10
MAINTENANCE_SECONDS = 30
# An idle worker wakes up and sends a heartbeat 15 seconds before this ends.
WORKER_TTL_SECONDS = 45
_PAUSE_SECONDS = 1
_JOB_LABELS = ("queue", "job")
_JOBS = Counter("viral_engine_jobs", "Jobs that ended, by outcome: done, failed or killed", [*_JOB_LABELS, "outcome"])
_JOB_SECONDS = Histogram("viral_engine_job_seconds", "How long jobs took", _JOB_LABELS, buckets=DURATIONS)
_REFUSED = Counter(
    "viral_engine_jobs_refused", "Jobs that were not run, because they were no id for the queue's function", ["queue"]
)
_HEARTBEAT = Gauge(
    "viral_engine_worker_heartbeat_timestamp_seconds",
    "When a worker last said that it lives",
    ["queue"],
    multiprocess_mode="max",
)
_log = structlog.get_logger()


@dataclass
class StopRequest:
    """Whether this process was asked to stop; it outlives the workers recreated after a Redis outage."""

    was_made: bool = False


class QueueWorker(Worker):
    """A worker that touches a file while alive, so that a probe does not need Redis."""

    def __init__(self, jobs: type[KnownJob], redis: Redis, heartbeat_file: Path | None, stop: StopRequest) -> None:
        self._stop = stop
        self._heartbeat_file = heartbeat_file
        self._queue = str(jobs.queue)
        super().__init__(
            [self._queue],
            connection=redis,
            job_class=jobs,
            serializer=JSONSerializer,
            job_monitoring_interval=JOB_MONITORING_SECONDS,
            maintenance_interval=MAINTENANCE_SECONDS,
            worker_ttl=WORKER_TTL_SECONDS,
        )

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Finish the current job, then stop."""
        self._stop.was_made = True
        # RQ reports it to Redis, which may be down.
        with suppress(RedisError):
            super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def heartbeat(self, *args: Any, **kwargs: Any) -> None:
        """Send a heartbeat to Redis and to the file."""
        if self._heartbeat_file:
            self._heartbeat_file.touch()
        super().heartbeat(*args, **kwargs)
        _HEARTBEAT.labels(self._queue).set_to_current_time()

    def subscribe(self) -> None:
        """Ignore commands from Redis; signals stop a worker."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run a job, or refuse it."""
        known = cast("KnownJob", job)
        reason = known.find_fault()
        if reason is None:
            super().execute_job(job, queue)
            return
        bury_refused(self.connection, known, reason)
        _REFUSED.labels(self._queue).inc()
        _log.error("job_refused", queue=self._queue, job_id=job.id, reason=reason)

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Run a job in its forked child, and count its outcome."""
        labels = (self._queue, name_job(job))
        with _JOB_SECONDS.labels(*labels).time(), continue_request(job.meta, name=name_job(job), job_id=job.id):
            done = super().perform_job(job, queue, execution)
        _JOBS.labels(*labels, "done" if done else "failed").inc()
        return done

    def monitor_work_horse(self, job: Job, queue: Queue, execution: Execution) -> None:
        """Wait for a job's child, and kill it if it hangs: RQ would wait 60 seconds past its timeout."""
        # The child's own copy times out first; the remaining time is for reporting its outcome.
        job.timeout = (job.timeout or 0) + LAST_WORD_SECONDS.get(str(job.func_name), 0)
        super().monitor_work_horse(job, queue, execution)

    def handle_work_horse_killed(self, job: Job, *how: Any) -> None:
        """Count a job whose child was killed."""
        _JOBS.labels(self._queue, name_job(job), "killed").inc()
        super().handle_work_horse_killed(job, *how)  # type: ignore[no-untyped-call]


def name_job(job: Job) -> str:
    """The name of the function that a job runs."""
    return str(job.func_name).rpartition(".")[2]


def work_on(queue: QueueName, function: Callable[..., None], settings: WorkerSettings) -> None:
    """Run `function` for each id on the queue until SIGTERM or SIGINT, then finish the current job.

    It survives Redis outages.
    """
    _log.info("worker_started", queue=str(queue))
    # rate() must see a counter at 0 before its first event.
    for outcome in ("done", "failed", "killed"):
        _JOBS.labels(queue, JOB_OF_QUEUE[queue].rpartition(".")[2], outcome)
    _REFUSED.labels(queue)
    stop, jobs = StopRequest(), build_job_class(queue, function)
    try:
        while not stop.was_made:
            _work_while_possible(jobs, settings, stop)
    except StopRequested:
        pass  # The signal came during the pause.
    _log.info("worker_stopped", queue=str(queue))


def _work_while_possible(jobs: type[KnownJob], settings: WorkerSettings, stop: StopRequest) -> None:
    try:
        worker = QueueWorker(jobs, Redis.from_url(settings.redis_url), settings.heartbeat_file, stop)
        worker.work(logging_level="WARNING")
    except RedisError as error:
        _log.warning("redis_unavailable", queue=str(jobs.queue), error=type(error).__name__)
        # It waits but is alive, so the probe must not restart it.
        if settings.heartbeat_file:
            settings.heartbeat_file.touch()
    if not stop.was_made:
        time.sleep(_PAUSE_SECONDS)


def run_worker(
    queue: QueueName, function: Callable[..., None], prepare: Callable[[], None], *own: type[EnvironmentSettings]
) -> None:
    """Run `function` for each id on a queue until stopped; `own` are its jobs' settings, validated first."""
    common = WorkerSettings, WorkerMetricsSettings, TelemetrySettings, LogSettings
    settings, metrics, telemetry, logs, *_ = load_settings_or_exit(*common, *own)
    configure_logging(logs, service=f"worker {queue}")
    capture_library_logs()
    start_tracing(telemetry, service=f"worker {queue}")
    prepare()
    serve_metrics(metrics.bind_host, metrics.worker_metrics_port)
    work_on(queue, function, settings)
