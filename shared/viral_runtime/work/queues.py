"""The queues: their names, and how ids are enqueued.

A job carries only an id, as JSON; the row behind it belongs to the metrics API.
"""

from enum import StrEnum

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from viral_contract.models.queues import QueueName as QueueName
from viral_runtime.observe.tracing import carry_request

RESULT_TTL_SECONDS = 60
FAILURE_TTL_SECONDS = 7 * 24 * 3600
_TIMEOUT_SECONDS = 5


class JobName(StrEnum):
    """A worker's functions, by import path."""

    GENERATE_REPORT = "report_worker.jobs.generate_report"
    TICK_SCHEDULES = "report_worker.jobs.tick_schedules"
    STEP_BATCH = "report_worker.jobs.step_batch"
    SEND_EMAIL = "email_worker.jobs.send_email"
    POST_WEBHOOK = "email_worker.jobs.post_webhook"


JOB_OF_QUEUE = {
    QueueName.PERFORMANCE_REPORTS: JobName.GENERATE_REPORT,
    QueueName.EMAIL_DELIVERY: JobName.SEND_EMAIL,
    QueueName.DEFAULT: JobName.TICK_SCHEDULES,
    QueueName.WEBHOOKS: JobName.POST_WEBHOOK,
    QueueName.BATCH: JobName.STEP_BATCH,
}
JOB_TIMEOUT_SECONDS = {
    JobName.GENERATE_REPORT: 300,
    JobName.TICK_SCHEDULES: 60,
    JobName.STEP_BATCH: 300,
    JobName.SEND_EMAIL: 45,
    JobName.POST_WEBHOOK: 45,
}
# How long a job may still report its outcome while the API is down, before its process is killed: a sending lease.
LAST_WORD_SECONDS: dict[str, int] = {JobName.SEND_EMAIL: 900, JobName.POST_WEBHOOK: 900}


def connect_redis(url: str) -> Redis:
    """Connections for callers that only enqueue: they fail instead of waiting."""
    return Redis.from_url(url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS)


def open_queue(redis: Redis, name: QueueName) -> Queue:
    """The queue, with JSON serialization."""
    return Queue(name, connection=redis, serializer=JSONSerializer)


def fetch_queued_rows(redis: Redis, queue: QueueName) -> set[int]:
    """The rows whose ids are on a queue, not yet claimed by a worker."""
    ids = (job_id.removeprefix(f"{queue}-").split("-") for job_id in open_queue(redis, queue).get_job_ids())
    return {int(row_id) for row_id, *_ in ids if row_id.isdecimal()}


def enqueue(redis: Redis, queue: QueueName, job: JobName, row_id: int, enqueue_count: int) -> None:
    """Enqueue a row's id. The job's id contains the row and the attempt, so that it is easy to find in the logs."""
    open_queue(redis, queue).enqueue(
        str(job),
        row_id,
        job_id=f"{queue}-{row_id}-{enqueue_count}",
        job_timeout=JOB_TIMEOUT_SECONDS[job],
        result_ttl=RESULT_TTL_SECONDS,
        failure_ttl=FAILURE_TTL_SECONDS,
        meta=carry_request(),
    )
