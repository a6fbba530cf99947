"""What a job says to the API, in which order, and how it ends when the API refuses or is away."""

import json
from collections.abc import Iterator

import pytest

from report_worker import jobs
from tests.support.report_facts import build_facts
from tests.support.scripted_api import DOWN, NOT_HELD, Answer, ScriptedApi, scripted_api

RUNNING = (200, {"status": "running"})
CLAIM = {
    "run_id": 7,
    "token": 3,
    "attempt": 1,
    "report_type": "weekly",
    "period_start": "2026-03-02",
    "period_end": "2026-03-08",
    "lease_seconds": 30,
    "ai_insights": False,
}


def batch(status: str, done: int) -> dict[str, object]:
    return {"id": 5, "kind": "rebuild_facts", "status": status, "done_steps": done, "total_steps": 2}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedApi]:
    """An API that the jobs reach by their settings."""
    answers: dict[str, list[Answer]] = {
        "claim": [(200, CLAIM)],
        "renew": [RUNNING],
        "progress": [RUNNING],
        "snapshot": [(200, json.loads(build_facts().model_dump_json()))],
        "result": [(200, {"status": "ready"})],
        "tick": [(200, {"run_ids": [1, 2]})],
        "step": [(200, batch("queued", 0)), (200, batch("running", 1)), (200, batch("done", 2))],
    }
    with scripted_api(answers) as api:
        use_api(monkeypatch, api.url)
        yield api
    jobs.connect.cache_clear()


def use_api(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name, value in {"METRICS_API_URL": url, "REPORT_WORKER_TOKEN": "x" * 32, "REDIS_URL": "redis://unused"}.items():
        monkeypatch.setenv(name, value)
    jobs.connect.cache_clear()


def test_a_report_is_claimed_read_written_and_handed_in(api: ScriptedApi) -> None:
    jobs.generate_report(7)
    assert api.calls == ["claim", "progress", "snapshot", "progress", "progress", "result"]
    report = api.bodies["result"]["report"]
    assert api.bodies["result"]["token"] == 3
    assert (report["written_by"], len(report["insights"]) >= 5) == ("rules", True)
    assert "<!doctype html>" in report["html"]


@pytest.mark.parametrize("answer", [NOT_HELD, DOWN])
def test_a_run_that_another_worker_has_or_that_cannot_be_claimed_now_is_left_alone(
    api: ScriptedApi, answer: Answer
) -> None:
    api.answers["claim"] = [answer]
    jobs.generate_report(7)
    assert api.calls == ["claim"]


@pytest.mark.parametrize("lost_at", ["progress", "snapshot", "result"])
def test_a_run_that_was_lost_is_left_without_a_word(api: ScriptedApi, lost_at: str) -> None:
    api.answers[lost_at] = [NOT_HELD]
    jobs.generate_report(7)
    assert api.calls[-1] == lost_at
    assert api.calls.count("result") == (1 if lost_at == "result" else 0)


def test_an_error_ends_the_attempt_and_is_told(api: ScriptedApi) -> None:
    api.answers["snapshot"] = [(200, {"report_type": "weekly"})]
    jobs.generate_report(7)
    assert api.calls[-1] == "result"
    assert api.bodies["result"]["report"] is None
    assert api.bodies["result"]["error"].startswith("ValidationError: ")
    assert len(api.bodies["result"]["error"]) <= 2000


def test_a_refusal_ends_the_attempt_and_is_told(api: ScriptedApi) -> None:
    api.answers["snapshot"] = [(422, {"code": "invalid", "detail": "no such period"})]
    jobs.generate_report(7)
    assert api.bodies["result"]["error"] == "ApiProblemError: no such period"


def test_an_api_that_is_briefly_down_delays_the_report(api: ScriptedApi) -> None:
    api.answers["snapshot"] = [DOWN, *api.answers["snapshot"]]
    api.answers["result"] = [DOWN, *api.answers["result"]]
    jobs.generate_report(7)
    assert (api.calls.count("snapshot"), api.calls.count("result")) == (2, 2)
    assert api.bodies["result"]["report"]


def test_an_api_that_is_away_is_no_error_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    use_api(monkeypatch, "http://127.0.0.1:9")
    jobs.generate_report(7)
    jobs.connect.cache_clear()


def test_the_flag_without_a_model_leaves_it_to_the_rules(api: ScriptedApi) -> None:
    api.answers["claim"] = [(200, CLAIM | {"ai_insights": True})]
    jobs.generate_report(7)
    assert api.bodies["result"]["report"]["written_by"] == "rules"


def test_a_tick_is_passed_on(api: ScriptedApi) -> None:
    jobs.tick_schedules()
    assert api.calls == ["tick"]


def test_long_work_is_stepped_to_its_end(api: ScriptedApi) -> None:
    jobs.step_batch(5)
    assert api.calls == ["step"] * 3


@pytest.mark.parametrize("answer", [NOT_HELD, DOWN])
def test_long_work_that_another_does_or_that_cannot_be_done_now_is_left(api: ScriptedApi, answer: Answer) -> None:
    api.answers["step"] = [answer]
    jobs.step_batch(5)
    assert api.calls == ["step"]


def test_long_work_is_left_while_the_api_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    use_api(monkeypatch, "http://127.0.0.1:9")
    jobs.step_batch(5)
    jobs.connect.cache_clear()


def test_long_work_is_left_before_its_job_is_killed_for_taking_too_long(
    api: ScriptedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "STEPPING_SECONDS", 0)
    jobs.step_batch(5)
    assert api.calls == ["step"]
