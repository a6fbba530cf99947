"""A job is an id for a known function. Who writes into Redis must not choose what a worker runs.

RQ imports whatever function and callbacks a job names, and calls whatever address it names when it ends.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, cast

from redis import Redis
from rq.job import Job

from viral_runtime.work.queues import (
    FAILURE_TTL_SECONDS,
    JOB_OF_QUEUE,
    JOB_TIMEOUT_SECONDS,
    RESULT_TTL_SECONDS,
    JobName,
    QueueName,
    open_queue,
)

_LARGEST_ID = 2**63 - 1
_LARGEST_CALL_BYTES = 4096
_REFUSED_KEY = "viral_engine:refused:{}"


class KnownJob(Job):
    """A job of which nothing is believed but its function's name and its argument, and both are checked."""

    queue: QueueName
    known: JobName
    function: Callable[..., None]

    def restore(self, raw_data: Mapping[bytes, bytes]) -> None:
        """Read the call of a job from Redis, and nothing that would be imported, called or obeyed besides."""
        believed = {name: raw_data[name] for name in (b"data", b"meta") if name in raw_data}
        if any(len(value) > _LARGEST_CALL_BYTES for value in believed.values()):
            believed = {b"data": b"too large"}
        super().restore(believed)
        self.meta = {name: value for name, value in _read_fields(self.meta).items() if isinstance(value, str)}
        self.origin = str(self.queue)
        self.timeout = JOB_TIMEOUT_SECONDS[self.known]
        self.result_ttl, self.failure_ttl = RESULT_TTL_SECONDS, FAILURE_TTL_SECONDS

    @property
    def func(self) -> Callable[..., None]:
        """The function of the queue, whatever the job names."""
        return self.function

    def find_fault(self) -> str | None:
        """Why this job must not run, None when it may: the function is the queue's, its argument one row's id."""
        try:
            name, instance, args, kwargs = self.func_name, self.instance, self.args, self.kwargs
        except Exception as error:  # Whatever stands in Redis, reading it must not end the worker.
            return f"cannot be read: {type(error).__name__}"
        if name != self.known or instance is not None:
            return f"its function is not {self.known}"
        if kwargs or not _is_argument(self.known, list(args or ())):
            return "its argument is not one id"
        return None


def _read_fields(meta: object) -> dict[Any, Any]:
    return meta if isinstance(meta, dict) else {}


def _is_argument(known: JobName, args: list[object]) -> bool:
    if known == JobName.TICK_SCHEDULES:
        return not args
    return len(args) == 1 and type(args[0]) is int and 0 < args[0] <= _LARGEST_ID


def build_job_class(queue: QueueName, function: Callable[..., None]) -> type[KnownJob]:
    """The jobs of a queue, which all run one function."""
    fields = {"queue": queue, "known": JOB_OF_QUEUE[queue], "function": staticmethod(function)}
    return cast("type[KnownJob]", type("QueueJob", (KnownJob,), fields))


def bury_refused(redis: Redis, job: KnownJob, reason: str) -> None:
    """Take a refused job off its queue for good; it is kept for a week among those that failed."""
    opened, refused = open_queue(redis, job.queue), _REFUSED_KEY.format(job.queue)
    with redis.pipeline() as pipeline:
        pipeline.lrem(opened.intermediate_queue_key, 1, job.id)
        opened.failed_job_registry.add(job, ttl=FAILURE_TTL_SECONDS, exc_string=f"Refused: {reason}", pipeline=pipeline)
        pipeline.hset(job.key, "status", "failed")
        pipeline.zadd(refused, {job.id: time.time()})
        pipeline.expire(refused, FAILURE_TTL_SECONDS)
        pipeline.execute()


def count_refused(redis: Redis, queue: QueueName) -> int:
    """How many jobs of a queue were refused in the last week."""
    return int(redis.zcount(_REFUSED_KEY.format(queue), time.time() - FAILURE_TTL_SECONDS, "+inf"))
