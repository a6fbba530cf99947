"""Who can write into Redis cannot choose what a worker runs. Each of these jobs ran, or called, before."""

import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq.serializers import JSONSerializer

from tests.support.api_fixtures import Api
from tests.support.hook_server import answer, hook_server
from tests.support.scripted_api import NOT_HELD, ScriptedApi, scripted_api
from tests.support.worker_processes import running
from viral_cli.local.processes import Children
from viral_runtime.work.queues import JobName, QueueName, enqueue, open_queue

pytestmark = pytest.mark.slow
_SECONDS = 60
_QUEUE = QueueName.WEBHOOKS
_JOB = str(JobName.POST_WEBHOOK)
Wait = Callable[[Callable[[], bool], str], None]


@pytest.fixture
def wait(servers: tuple[Children, Path]) -> Wait:
    return lambda is_true, what: servers[0].wait_until(is_true, what, seconds=_SECONDS)


@pytest.fixture
def worker(redis: Redis, redis_url: str, tmp_path: Path) -> Iterator[ScriptedApi]:
    """A worker of webhooks that could import what lies in `tmp_path`, and the API that it asks for each id."""
    assert redis.dbsize() == 0
    with scripted_api({"claim": [NOT_HELD]}) as api:
        environment = {"METRICS_API_URL": api.url, "REDIS_URL": redis_url, "EMAIL_WORKER_TOKEN": "w" * 32}
        with running("email_worker", "work", str(_QUEUE), PYTHONPATH=str(tmp_path), **environment):
            yield api


def put(redis: Redis, call: Any, **fields: str) -> str:
    """A job as somebody writes it by hand."""
    data = call if isinstance(call, bytes) else zlib.compress(json.dumps(call).encode())
    job = {"data": data, "created_at": "2026-03-01T00:00:00Z", "origin": str(_QUEUE), "status": "queued", **fields}
    number = redis.incr("test:jobs")
    redis.hset(f"rq:job:evil-{number}", mapping=job)
    redis.lpush(f"rq:queue:{_QUEUE}", f"evil-{number}")
    return f"evil-{number}"


def list_failed(redis: Redis) -> set[str]:
    return set(open_queue(redis, _QUEUE).failed_job_registry.get_job_ids(cleanup=False))


def build_calls(path: Path) -> list[Any]:
    touch = f"touch {path}"
    return [
        ["os.system", None, [touch], {}],
        ["subprocess.check_output", None, [["touch", str(path)]], {}],
        ["builtins.eval", None, [f"open({str(path)!r}, 'w')"], {}],
        ["system", "os", [touch], {}],
        [str(JobName.SEND_EMAIL), None, [1], {}],
        [_JOB, None, [], {}],
        [_JOB, None, ["1"], {}],
        [_JOB, None, [True], {}],
        [_JOB, None, [0], {}],
        [_JOB, None, [2**63], {}],
        [_JOB, None, [1, 2], {}],
        [_JOB, None, [1], {"connection": "x"}],
        [_JOB, None, {"1": 1}, {}],
        {"a": 1},
        b"\x80\x04\x95 a pickle",
        zlib.compress(b"[" * 3000),
        zlib.compress(json.dumps([_JOB, None, ["x" * 10_000_000], {}]).encode(), 9),
    ]


def test_what_is_no_id_for_the_queues_function_is_buried_and_counted(
    worker: ScriptedApi, redis: Redis, wait: Wait, tmp_path: Path, api: Api
) -> None:
    evil = {put(redis, call) for call in build_calls(tmp_path / "touched")}
    enqueue(redis, _QUEUE, JobName.POST_WEBHOOK, 7, 1)
    wait(lambda: worker.calls == ["claim"], "The good job behind them")
    assert list_failed(redis) == evil
    assert not (tmp_path / "touched").exists()
    [state] = [queue for queue in api.read("/v1/queues")["queues"] if queue["name"] == _QUEUE]
    assert state["refused"] == len(evil)
    assert open_queue(redis, _QUEUE).intermediate_queue.get_job_ids() == []


@pytest.mark.parametrize(("when", "said"), [("success", NOT_HELD), ("failure", (404, {"code": "x", "detail": "x"}))])
def test_no_function_that_a_job_names_is_imported_when_it_ends(
    worker: ScriptedApi, redis: Redis, wait: Wait, tmp_path: Path, when: str, said: tuple[int, Any]
) -> None:
    worker.answers["claim"] = [said, NOT_HELD]
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')")
    put(redis, [_JOB, None, [1], {}], **{f"{when}_callback_name": "evil.call", f"{when}_callback_timeout": "60"})
    enqueue(redis, _QUEUE, JobName.POST_WEBHOOK, 7, 1)
    wait(lambda: worker.calls == ["claim", "claim"], "Both jobs")
    assert not (tmp_path / "imported").exists()


def test_no_address_that_a_job_names_is_called_when_it_ends(worker: ScriptedApi, redis: Redis, wait: Wait) -> None:
    with hook_server(answer(200)) as hook:
        webhooks = [{"url": hook.url, "job_status": status, "method": "POST"} for status in ("finished", "failed")]
        put(redis, [_JOB, None, [1], {}], webhooks=json.dumps(webhooks))
        enqueue(redis, _QUEUE, JobName.POST_WEBHOOK, 7, 1)
        wait(lambda: worker.calls == ["claim", "claim"], "Both jobs")
        assert hook.calls == []


@pytest.mark.parametrize(
    "fields",
    [
        {"timeout": "a while"},
        {"created_at": "yesterday"},
        {"result_ttl": "x", "failure_ttl": "x"},
        {"status": "unheard of"},
        {"meta": "[1]"},
        {"meta": json.dumps({"request_id": {"a": 1}})},
        {"dependency_ids": "{"},
        {"retries_left": "x"},
    ],
)
def test_no_field_of_a_job_ends_the_worker(
    worker: ScriptedApi, redis: Redis, wait: Wait, fields: dict[str, str]
) -> None:
    put(redis, [_JOB, None, [1], {}], **fields)
    wait(lambda: worker.calls == ["claim"], "The job")


def test_no_command_by_redis_stops_a_worker(worker: ScriptedApi, redis: Redis, wait: Wait) -> None:
    wait(lambda: redis.scard("rq:workers") == 1, "The worker")
    (name,) = (key.decode().removeprefix("rq:worker:") for key in redis.smembers("rq:workers"))
    assert redis.publish(f"rq:pubsub:{name}", json.dumps({"command": "shutdown"})) == 0
    enqueue(redis, _QUEUE, JobName.POST_WEBHOOK, 7, 1)
    wait(lambda: worker.calls == ["claim"], "The job")


def test_the_ticks_of_the_schedule_take_no_argument(redis: Redis, redis_url: str, wait: Wait) -> None:
    data = JSONSerializer.dumps([str(JobName.TICK_SCHEDULES), None, [1], {}])
    redis.hset("rq:job:evil", mapping={"data": data, "origin": "default", "status": "queued"})
    redis.lpush("rq:queue:default", "evil")
    open_queue(redis, QueueName.DEFAULT).enqueue(str(JobName.TICK_SCHEDULES))
    with scripted_api({"tick": [(200, {"run_ids": []})]}) as api:
        environment = {"METRICS_API_URL": api.url, "REDIS_URL": redis_url, "REPORT_WORKER_TOKEN": "w" * 32}
        with running("report_worker", "work", "default", **environment):
            wait(lambda: api.calls == ["tick"], "The tick")
    assert open_queue(redis, QueueName.DEFAULT).failed_job_registry.get_job_ids(cleanup=False) == ["evil"]
