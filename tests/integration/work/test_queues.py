"""Dead letters are shown, tried again or let go, and each is noted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Connection, Engine, text

from metrics_api.context import Context
from metrics_api.db.database import Database
from metrics_api.deliveries.transitions import DELIVERIES
from metrics_api.reports.runs import RUNS
from metrics_api.settings.queues import QueueSettings
from metrics_api.work.due import enqueue_due
from tests.support.api_fixtures import Api, change_settings
from tests.support.builders import NOON
from tests.support.delivery_rows import change_delivery, save_delivery
from tests.support.plans import watch_statements
from viral_runtime.work.queues import JobName, QueueName, open_queue

_FAILED = text("""
    INSERT INTO report_runs (report_type, period_start, period_end, requested_by, status, attempt, max_attempts,
        next_attempt_at, created_at, finished_at, last_error)
    VALUES ('weekly', '2026-03-02', '2026-03-08', 'ana', 'failed', 3, 3, now(), now(), now(), 'the printer burns')
    RETURNING id
""")


@pytest.fixture
def dead_letter(connection: Connection) -> str:
    return f"report-{connection.execute(_FAILED).scalar_one()}"


def test_every_queue_is_listed_with_its_failures(api: Api, dead_letter: str) -> None:
    answer = api.read("/v1/queues")
    failed = {queue["name"]: queue["failed"] for queue in answer["queues"]}
    assert failed == {"default": 0, "webhooks": 0, "batch": 0, "performance_reports": 1, "email_delivery": 0}
    found = [(letter["id"], letter["reason"], letter["attempts"]) for letter in answer["dead_letters"]]
    assert found == [(dead_letter, "the printer burns", 3)]


def test_the_queue_without_rows_counts_its_jobs(api: Api, redis: Redis) -> None:
    queue = open_queue(redis, QueueName.DEFAULT)
    failed, started = (queue.enqueue(str(JobName.TICK_SCHEDULES)) for _ in range(2))
    queue.failed_job_registry.add(failed, 60)
    redis.zadd(queue.started_job_registry.key, {f"{started.id}:execution": 2**40})
    [state] = [queue for queue in api.read("/v1/queues")["queues"] if queue["name"] == "default"]
    assert [state[name] for name in ("depth", "running", "failed", "uncertain")] == [2, 1, 1, 0]


def test_dead_letters_of_every_kind_are_paged_the_newest_first(api: Api, connection: Connection) -> None:
    failed = text("""
        INSERT INTO batches (kind, status, steps, finished_at) VALUES ('rebuild_days', 'failed', '["x"]', :at)
    """)
    expected = []
    for hour in range(30):
        at = NOON - timedelta(hours=hour // 2)
        connection.execute(_FAILED)
        connection.execute(text("UPDATE report_runs SET finished_at = :at WHERE id = :id"), {"at": at, "id": hour + 1})
        connection.execute(failed, {"at": at})
        change_delivery(connection, save_delivery(connection), status="dead", finished_at=at)
        expected.append((-at.timestamp(), hour + 1))
    order = [
        f"{kind}-{number}"
        for at in sorted({at for at, _ in expected})
        for kind in ("batch", "delivery", "report")
        for found, number in expected
        if found == at
    ]
    assert [letter["id"] for letter in list_letters(api, limit=7)] == order
    assert len(api.read("/v1/queues")["dead_letters"]) == 50


def list_letters(api: Api, limit: int) -> list[dict[str, Any]]:
    """All pages, one after the other."""
    letters, query = [], {"limit": limit}
    while True:
        answer = api.read("/v1/queues", **query)
        letters += answer["dead_letters"]
        if answer["next_cursor"] is None:
            return letters
        query["cursor"] = answer["next_cursor"]


def test_a_cursor_of_another_list_is_refused(api: Api) -> None:
    assert api.refuse(422, "GET", "/v1/queues?cursor=x")["errors"][0]["pointer"] == "#cursor"


def test_long_work_is_listed_until_it_is_done(api: Api) -> None:
    api.send("POST", "/v1/events", json={"events": [{"event_type": "click"}]})
    started = api.send("POST", "/v1/batches", json={"kind": "rebuild_facts"}).get_json()
    assert api.read("/v1/queues")["batches"] == [started]
    for _ in range(started["total_steps"]):
        api.send("POST", f"/internal/batches/{started['id']}/step")
    assert api.read("/v1/queues")["batches"] == []


@pytest.mark.parametrize(
    ("action", "state", "status"), [("retry", "queued", "queued"), ("discard", "discarded", "failed")]
)
def test_a_dead_letter_is_acted_on_once_and_audited(
    api: Api, connection: Connection, dead_letter: str, action: str, state: str, status: str
) -> None:
    answer = api.send("POST", f"/v1/dead-letters/{dead_letter}/{action}")
    assert (answer.status_code, answer.get_json()) == (200, {"id": dead_letter, "state": state})
    assert api.read("/v1/queues")["dead_letters"] == []
    api.refuse(404, "POST", f"/v1/dead-letters/{dead_letter}/{action}")
    assert connection.execute(text("SELECT status FROM report_runs")).scalar_one() == status
    assert connection.execute(text("SELECT action FROM audit_entries")).scalar_one() == f"{action}_dead_letter"


def test_reports_that_nobody_makes_stand_on_their_queue_once_and_all_of_them(
    connection: Connection, context: Context, redis: Redis
) -> None:
    for _ in range(20):
        connection.execute(_FAILED)
    connection.execute(text("UPDATE report_runs SET status = 'queued', next_attempt_at = :now"), {"now": NOON})
    of_six = change_settings(context, queues=QueueSettings(repoke_batch=6))
    for step in range(500):
        at = NOON + timedelta(seconds=31 * step)
        enqueue_due(of_six, RUNS, now=at)
    queue = open_queue(redis, QueueName.PERFORMANCE_REPORTS)
    assert sorted(job.args[0] for job in queue.jobs) == list(range(1, 21))
    assert redis.dbsize() < 50


def test_due_rows_are_found_by_the_index_of_unfinished_ones(
    connection: Connection, engine: Engine, context: Context, redis: Redis
) -> None:
    columns = "request_id, kind, recipient, is_placeholder, max_attempts, next_attempt_at, created_at"
    copies = f"""
        INSERT INTO deliveries ({columns}, recipient_hash, message_id, status)
        SELECT {columns}, number, number, 'sent' FROM deliveries, generate_series(1, 20000) AS number
    """
    due = save_delivery(connection, now=NOON)
    connection.execute(text(copies))
    connection.execute(text("ANALYZE deliveries"))
    with watch_statements(engine) as statements:
        enqueue_due(replace(context, database=Database(engine)), DELIVERIES, now=NOON)
    for statement, parameters in statements.sent:
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())
        assert "idx_deliveries_unfinished" in plan
        assert "Seq Scan on deliveries" not in plan
    assert [job.args for job in open_queue(redis, QueueName.EMAIL_DELIVERY).jobs] == [[due]]
