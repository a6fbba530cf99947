"""The queues: their names, and how an id is put on one.

A job carries an id and nothing else, as JSON; what it means is a row that the metrics API owns.
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
    """What a worker runs, by its import path."""

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
# For so long a job may still say how it ended while the API is away, before its process is killed: a sending lease.
LAST_WORD_SECONDS: dict[str, int] = {JobName.SEND_EMAIL: 900, JobName.POST_WEBHOOK: 900}


def connect_redis(url: str) -> Redis:
    """Connections for those who only put ids on queues: they rather fail than wait."""
    return Redis.from_url(url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS)


def open_queue(redis: Redis, name: QueueName) -> Queue:
    """The queue, speaking JSON."""
    return Queue(name, connection=redis, serializer=JSONSerializer)


def fetch_queued_rows(redis: Redis, queue: QueueName) -> set[int]:
    """The rows whose ids are on a queue, not yet taken by a worker."""
    ids = (job_id.removeprefix(f"{queue}-").split("-") for job_id in open_queue(redis, queue).get_job_ids())
    return {int(row_id) for row_id, *_ in ids if row_id.isdecimal()}


def enqueue(redis: Redis, queue: QueueName, job: JobName, row_id: int, enqueue_count: int) -> None:
    """Put a row's id on a queue. The job's id names the row and the try, so that it is easy to find in the logs."""
    open_queue(redis, queue).enqueue(
        str(job),
        row_id,
        job_id=f"{queue}-{row_id}-{enqueue_count}",
        job_timeout=JOB_TIMEOUT_SECONDS[job],
        result_ttl=RESULT_TTL_SECONDS,
        failure_ttl=FAILURE_TTL_SECONDS,
        meta=carry_request(),
    )
