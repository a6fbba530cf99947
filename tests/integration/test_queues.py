"""Dead letters are shown, tried again or let go, and each is noted."""

import pytest
from sqlalchemy import Connection, text

from tests.api_fixtures import Api

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
