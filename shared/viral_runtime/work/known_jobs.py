"""A job is an id for a known function. Writing to Redis must not decide what a worker runs.

RQ imports any function and callbacks that a job names, and calls any address that it names when it ends.
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
    """A job of which only the function's name and the argument are used, and both are checked."""

    queue: QueueName
    known: JobName
    function: Callable[..., None]

    def restore(self, raw_data: Mapping[bytes, bytes]) -> None:
        """Read a job's call from Redis, and nothing else that would be imported, called or obeyed."""
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
        """The queue's function, whatever the job names."""
        return self.function

    def find_fault(self) -> str | None:
        """Why this job must not run, or None: the function must be the queue's, and its argument one row id."""
        try:
            name, instance, args, kwargs = self.func_name, self.instance, self.args, self.kwargs
        except Exception as error:  # Reading anything from Redis must not end the worker.
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
    """The job class of a queue, whose jobs all run one function."""
    fields = {"queue": queue, "known": JOB_OF_QUEUE[queue], "function": staticmethod(function)}
    return cast("type[KnownJob]", type("QueueJob", (KnownJob,), fields))


def bury_refused(redis: Redis, job: KnownJob, reason: str) -> None:
    """Remove a refused job from its queue; it is kept for a week with the failed ones."""
    opened, refused = open_queue(redis, job.queue), _REFUSED_KEY.format(job.queue)
    with redis.pipeline() as pipeline:
        pipeline.lrem(opened.intermediate_queue_key, 1, job.id)
        opened.failed_job_registry.add(job, ttl=FAILURE_TTL_SECONDS, exc_string=f"Refused: {reason}", pipeline=pipeline)
        pipeline.hset(job.key, "status", "failed")
        pipeline.zadd(refused, {job.id: time.time()})
        pipeline.expire(refused, FAILURE_TTL_SECONDS)
        pipeline.execute()


def count_refused(redis: Redis, queue: QueueName) -> int:
    """The number of a queue's jobs refused in the last week."""
    return int(redis.zcount(_REFUSED_KEY.format(queue), time.time() - FAILURE_TTL_SECONDS, "+inf"))
