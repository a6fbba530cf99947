"""Long work on its queue: what is put there, how a step that fails is tried again, and what a person decides then."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from metrics_api.batches.ledger import BATCHES
from metrics_api.batches.steps import MAX_ATTEMPTS, StepContext, step_batch
from metrics_api.context import Context
from metrics_api.db.database import Database
from metrics_api.db.fact_rules import FactRules
from metrics_api.work.due import enqueue_due
from tests.support.api_fixtures import Api
from tests.support.builders import NOON, build_clicks
from tests.support.pseudonyms import PSEUDONYMS
from viral_contract.models.batches import Batch
from viral_runtime.work.queues import QueueName, fetch_queued_rows, open_queue

_SAVE = text("INSERT INTO batches (kind, status, steps) VALUES (:kind, 'queued', :steps) RETURNING id")
BROKEN = '["not a date", "2026-03-04"]'


@pytest.fixture
def broken(connection: Connection) -> int:
    """A batch whose first step cannot be done."""
    return int(connection.execute(_SAVE, {"kind": "rebuild_days", "steps": BROKEN}).scalar_one())


@pytest.fixture
def step(database: Database) -> Callable[..., Batch | None]:
    """A step of a batch so many seconds after noon."""

    def act(batch_id: int, seconds: float = 0, *, base: float = 0) -> Batch | None:
        given = StepContext("US", 1, NOON + timedelta(seconds=seconds), base, FactRules(), PSEUDONYMS)
        with database.write() as connection:
            return step_batch(connection, batch_id, given)

    return act


def fail(batch_id: int, step: Callable[..., Batch | None]) -> None:
    for _ in range(MAX_ATTEMPTS):
        step(batch_id)


def read_queue(api: Api) -> dict[str, Any]:
    return next(queue for queue in api.read("/v1/queues")["queues"] if queue["name"] == "batch")


def test_long_work_is_on_its_queue_once_it_is_asked_for(api: Api, redis: Redis) -> None:
    api.post_events(*build_clicks(1))
    batch = api.send("POST", "/v1/batches", json={"kind": "rebuild_facts"}).get_json()
    assert fetch_queued_rows(redis, QueueName.BATCH) == {batch["id"]}


def test_what_an_erasure_leaves_to_be_done_is_on_the_queue(api: Api, redis: Redis) -> None:
    api.post_events(*build_clicks(1, user_id="child"))
    request = api.send("POST", "/v1/privacy/requests", json={"kind": "erase", "subject_id": "child"}).get_json()
    assert api.send("POST", f"/v1/privacy/requests/{request['id']}/erase").status_code == 200
    assert len(fetch_queued_rows(redis, QueueName.BATCH)) == 1


def test_what_redis_forgets_is_queued_again_after_half_a_minute_and_what_is_stepped_is_not(
    context: Context, redis: Redis, connection: Connection, step: Callable[..., Batch | None]
) -> None:
    days = '["2026-03-04", "2026-03-05"]'
    stepped, left = (connection.execute(_SAVE, {"kind": "rebuild_days", "steps": days}).scalar_one() for _ in range(2))
    queued = []
    for seconds in (0, 29, 31):
        if seconds == 29:
            step(stepped, seconds)
        enqueue_due(context, BATCHES, now=NOON + timedelta(seconds=seconds))
        queued.append(fetch_queued_rows(redis, QueueName.BATCH))
        redis.flushall()
    assert queued == [{stepped, left}, set(), {left}]


def test_an_unworked_queue_holds_each_batch_once(context: Context, redis: Redis, broken: int) -> None:
    for minute in range(60):
        enqueue_due(context, BATCHES, now=NOON + timedelta(minutes=minute))
    assert [job.args for job in open_queue(redis, QueueName.BATCH).jobs] == [[broken]]


def test_a_step_that_fails_changes_nothing_and_is_tried_again_after_a_while(
    broken: int, step: Callable[..., Batch | None], connection: Connection
) -> None:
    failed = step(broken, 0, base=15)
    assert failed
    assert (failed.status, failed.done_steps) == ("queued", 0)
    assert failed.last_error == "ValueError: Invalid isoformat string: 'not a date'"
    assert step(broken, 16, base=15) is None
    connection.execute(text("""UPDATE batches SET steps = '["2026-03-04", "2026-03-05"]'"""))
    done = step(broken, 20, base=15)
    assert done
    assert (done.status, done.done_steps, done.last_error) == ("running", 1, None)


def test_a_step_that_waits_for_its_next_attempt_is_refused(api: Api, broken: int) -> None:
    path = f"/internal/batches/{broken}/step"
    assert api.send("POST", path).get_json()["status"] == "queued"
    assert api.refuse(409, "POST", path)["code"] == "not_held"


def test_whoever_comes_while_another_does_a_step_does_not_wait_for_it(
    api: Api, broken: int, database: Database
) -> None:
    with database.write() as connection:
        connection.execute(text("SELECT FROM batches FOR UPDATE"))
        assert api.refuse(409, "POST", f"/internal/batches/{broken}/step")["code"] == "not_held"


def test_a_step_that_fails_five_times_waits_for_a_person_and_keeps_nothing_from_going_on(
    api: Api, broken: int, step: Callable[..., Batch | None], redis: Redis, context: Context
) -> None:
    fail(broken, step)
    queue, answer = read_queue(api), api.read("/v1/queues")
    assert (queue["failed"], queue["depth"], answer["batches"]) == (1, 0, [])
    [letter] = answer["dead_letters"]
    found = [letter[name] for name in ("id", "state", "queue", "what", "attempts")]
    assert found == [f"batch-{broken}", "failed", "batch", "rebuild days, 0 of 2 steps done", MAX_ATTEMPTS]
    assert letter["reason"] == "ValueError: Invalid isoformat string: 'not a date'"
    enqueue_due(context, BATCHES, now=NOON + timedelta(hours=1))
    assert fetch_queued_rows(redis, QueueName.BATCH) == set()
    api.post_events(*build_clicks(1))
    assert api.send("POST", "/v1/batches", json={"kind": "rebuild_facts"}).get_json()["id"] != broken


def test_what_failed_is_not_gone_on_with_but_begun_anew(
    api: Api, connection: Connection, step: Callable[..., Batch | None]
) -> None:
    failed = connection.execute(_SAVE, {"kind": "rebuild_facts", "steps": BROKEN}).scalar_one()
    fail(failed, step)
    assert api.send("POST", "/v1/batches", json={"kind": "rebuild_facts"}).get_json()["id"] != failed


def test_a_batch_that_failed_is_tried_again_when_a_person_says_so(
    api: Api, broken: int, step: Callable[..., Batch | None], redis: Redis, connection: Connection
) -> None:
    fail(broken, step)
    connection.execute(text("""UPDATE batches SET steps = '["2026-03-04"]'"""))
    answer = api.send("POST", f"/v1/dead-letters/batch-{broken}/retry").get_json()
    assert answer == {"id": f"batch-{broken}", "state": "queued"}
    assert fetch_queued_rows(redis, QueueName.BATCH) == {broken}
    assert api.send("POST", f"/internal/batches/{broken}/step").get_json()["status"] == "done"
    api.refuse(404, "POST", f"/v1/dead-letters/batch-{broken}/retry")
    audited = connection.execute(text("SELECT action, subject FROM audit_entries")).all()
    assert [tuple(row) for row in audited] == [("retry_dead_letter", f"batch:{broken}")]


def test_a_batch_that_failed_is_let_go(api: Api, broken: int, step: Callable[..., Batch | None]) -> None:
    fail(broken, step)
    answer = api.send("POST", f"/v1/dead-letters/batch-{broken}/discard").get_json()
    assert answer == {"id": f"batch-{broken}", "state": "discarded"}
    assert (api.read("/v1/queues")["dead_letters"], read_queue(api)["failed"]) == ([], 0)
    assert api.read(f"/v1/batches/{broken}")["status"] == "failed"
    api.refuse(404, "POST", f"/v1/dead-letters/batch-{broken}/discard")
