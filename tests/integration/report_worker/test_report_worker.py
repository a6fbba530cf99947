"""Report workers as real processes, with the real API, PostgreSQL and Valkey, through what goes wrong in production."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from redis import Redis
from rq_scheduler import Scheduler
from sqlalchemy import Connection, Engine, text

from report_worker.scheduler import SCHEDULE, ensure_schedule, open_scheduler
from tests.support.api_fixtures import create_token
from tests.support.api_server import connect, start_api
from tests.support.builders import build_event, build_link
from tests.support.model_server import Answer, ModelServer, answer_with, model_server
from tests.support.worker_processes import RealProcess, running
from viral_cli import main
from viral_cli.local.processes import Children
from viral_contract.models.people import Scope

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:Version 0.22.0. of crontab:FutureWarning")]
_SECONDS = 60
_TIMINGS = {
    "REPORT_LEASE_SECONDS": "3",
    "BACKOFF_BASE_SECONDS": "0",
    "REPOKE_SECONDS": "1",
    "RECONCILE_SECONDS": "0.3",
    "SCHEDULER_SECONDS": "0.2",
    "LOG_LEVEL": "WARNING",
}
Start = Callable[..., AbstractContextManager[RealProcess]]


class Gate:
    """Holds the language model back, and with it the worker that asks, until it is opened."""

    def __init__(self) -> None:
        self.is_open = threading.Event()
        self.asked = threading.Semaphore(0)

    def behave(self, handler: BaseHTTPRequestHandler, brief: Answer) -> None:
        self.asked.release()
        self.is_open.wait(_SECONDS)
        answer_with(lambda answer: answer)(handler, brief)


class Reports:
    """Asks for reports and waits for them."""

    def __init__(self, http: httpx.Client, children: Children) -> None:
        self.http = http
        self._children = children

    def ask(self, **request: str) -> int:
        response = self.http.post("/v1/reports", json={"report_type": "weekly", **request})
        assert response.is_success, response.text
        report_id: int = response.json()["id"]
        return report_id

    def ask_for_day(self, number: int) -> int:
        day = f"2026-01-{number:02}"
        return self.ask(report_type="custom", period_start=day, period_end=day)

    def read(self, report_id: int) -> dict[str, Any]:
        report: dict[str, Any] = self.http.get(f"/v1/reports/{report_id}").json()
        return report

    def count(self) -> int:
        total: int = self.http.get("/v1/reports").json()["total_reports"]
        return total

    def wait_for(self, report_id: int, status: str = "ready") -> dict[str, Any]:
        self.wait_until(lambda: self.read(report_id)["status"] == status, f"Report {report_id} ({status})")
        return self.read(report_id)

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        self._children.wait_until(is_so, what, seconds=_SECONDS)


@pytest.fixture(scope="module")
def flags_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Flags with the language model switched on, by which a worker can be held at a known point of its work."""
    path = tmp_path_factory.mktemp("flags") / "flags.json"
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}
    path.write_text(json.dumps({"flags": {"ai_insights": flag, "performance_reports": flag}}))
    return path


@pytest.fixture(scope="module")
def environment(database_url: str, redis_url: str, flags_file: Path) -> dict[str, str]:
    """What every process of the product needs, with timings that do not keep a test waiting."""
    return {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "FLAGS_FILE": str(flags_file), **_TIMINGS}


@pytest.fixture(scope="module")
def api_url(servers: tuple[Children, Path], environment: dict[str, str]) -> str:
    """A real server with short timings."""
    return start_api(servers[0], **environment)


@pytest.fixture
def reports(servers: tuple[Children, Path], api_url: str, empty_database: Engine, redis: Redis) -> Iterator[Reports]:
    """A caller of the server, whose database and queues are empty."""
    redis.flushall()
    with connect(api_url, empty_database, *Scope) as http:
        yield Reports(http, servers[0])


@pytest.fixture
def redis(redis_url: str) -> Redis:
    """The tests' own connection."""
    return Redis.from_url(redis_url)


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Closed at first; opened at the end, so that nothing waits for it."""
    gate = Gate()
    yield gate
    gate.is_open.set()


@pytest.fixture
def model(gate: Gate) -> Iterator[ModelServer]:
    """A language model behind the gate."""
    with model_server(gate.behave) as server:
        yield server


@pytest.fixture
def start(environment: dict[str, str], api_url: str, empty_database: Engine) -> Start:
    """Starts a process of the report worker."""
    own = {"METRICS_API_URL": api_url, "REPORT_WORKER_TOKEN": create_token(empty_database, Scope.JOBS_REPORTS)}
    return partial(running, "report_worker", **environment, **own)


@pytest.fixture
def reconciler(environment: dict[str, str], reports: Reports) -> Iterator[None]:
    """The reconciler, beside whatever the test starts."""
    assert reports
    with running("metrics_api", "reconciler", IDENTIFIER_KEY="k" * 32, **environment):
        yield


@contextmanager
def workers(start: Start, count: int, **environment: str) -> Iterator[list[RealProcess]]:
    with ExitStack() as stack:
        yield [stack.enter_context(start("work", "performance_reports", **environment)) for _ in range(count)]


def send_growth(http: httpx.Client) -> None:
    """Yesterday three people were invited by one, and two of them converted."""
    at = datetime.now(UTC) - timedelta(days=1)
    links = [build_link(f"l{number}", inserted_at=at.isoformat()) for number in range(3)]
    assert http.post("/v1/links", json={"items": links}).is_success
    events = [build_event("click", at=at, link_id=f"l{number}", user_id=f"u{number}") for number in range(3)]
    events += [build_event("conversion", at=at, link_id=f"l{number}", user_id=f"u{number}") for number in range(2)]
    assert http.post("/v1/events", json={"events": events}).is_success


@pytest.mark.usefixtures("reconciler")
def test_a_worker_killed_half_way_leaves_one_report_by_the_next(
    reports: Reports, start: Start, gate: Gate, model: ModelServer
) -> None:
    send_growth(reports.http)
    report_id = reports.ask()
    with start("work", "performance_reports", AI_INSIGHTS_URL=model.url) as worker:
        assert gate.asked.acquire(timeout=_SECONDS)
        assert reports.read(report_id)["progress_step"] == "writing insights"
        worker.kill()
    gate.is_open.set()
    with start("work", "performance_reports", AI_INSIGHTS_URL=model.url):
        report = reports.wait_for(report_id)
    assert (report["attempt"], report["written_by"], report["last_error"]) == (2, "model", None)
    assert (report["k_factor"], report["total_conversions"]) == (2.0, 2)
    assert reports.count() == 1


@pytest.mark.usefixtures("reconciler")
def test_a_run_whose_workers_die_three_times_has_failed_and_says_why(
    reports: Reports, start: Start, gate: Gate, model: ModelServer
) -> None:
    send_growth(reports.http)
    report_id = reports.ask()
    for _ in range(3):
        with start("work", "performance_reports", AI_INSIGHTS_URL=model.url) as worker:
            assert gate.asked.acquire(timeout=_SECONDS)
            worker.kill()
    report = reports.wait_for(report_id, "failed")
    assert report["attempt"] == 3
    assert "stopped responding" in report["last_error"]


def test_a_worker_that_is_told_to_stop_finishes_the_report_in_hand(
    reports: Reports, start: Start, gate: Gate, model: ModelServer
) -> None:
    send_growth(reports.http)
    first = reports.ask()
    with start("work", "performance_reports", AI_INSIGHTS_URL=model.url) as worker:
        assert gate.asked.acquire(timeout=_SECONDS)
        second = reports.ask(report_type="monthly")
        worker.terminate()
        gate.is_open.set()
        assert worker.wait() == 0
    assert reports.read(first)["status"] == "ready"
    assert (reports.read(second)["status"], reports.read(second)["attempt"]) == ("queued", 0)


@pytest.mark.usefixtures("reconciler")
def test_a_long_report_is_held_as_long_as_its_worker_lives(
    reports: Reports, start: Start, gate: Gate, model: ModelServer, connection: Connection
) -> None:
    send_growth(reports.http)
    report_id = reports.ask()
    held = text("SELECT lease_until FROM report_runs WHERE id = :id")
    with workers(start, 2, AI_INSIGHTS_URL=model.url):
        assert gate.asked.acquire(timeout=_SECONDS)
        first = connection.execute(held, {"id": report_id}).scalar_one()
        renewed = first + timedelta(seconds=float(_TIMINGS["REPORT_LEASE_SECONDS"]) + 1)
        reports.wait_until(lambda: connection.execute(held, {"id": report_id}).scalar_one() > renewed, "A second lease")
        gate.is_open.set()
        assert reports.wait_for(report_id)["attempt"] == 1


@pytest.mark.usefixtures("reconciler")
def test_a_worker_that_was_frozen_past_its_lease_changes_nothing_any_more(
    reports: Reports, start: Start, gate: Gate, model: ModelServer
) -> None:
    send_growth(reports.http)
    report_id = reports.ask()
    with start("work", "performance_reports", AI_INSIGHTS_URL=model.url) as frozen:
        assert gate.asked.acquire(timeout=_SECONDS)
        frozen.freeze()
        gate.is_open.set()
        with start("work", "performance_reports"):
            before = reports.wait_for(report_id)
        frozen.thaw()
        # It takes up the next report, so it has given up the first.
        reports.wait_for(reports.ask(report_type="monthly"))
    assert reports.read(report_id) == before
    assert (before["attempt"], before["written_by"]) == (2, "rules")


def test_the_same_report_asked_for_thirty_times_at_once_is_one_run(reports: Reports, start: Start) -> None:
    with ThreadPoolExecutor(30) as pool:
        ids = list(pool.map(lambda _: reports.ask(), range(30)))
    assert len(set(ids)) == 1
    with workers(start, 2):
        assert reports.wait_for(ids[0])["attempt"] == 1
    assert reports.count() == 1


@pytest.mark.usefixtures("reconciler")
def test_runs_that_redis_forgets_are_all_done_once(
    reports: Reports, start: Start, redis: Redis, connection: Connection
) -> None:
    ids = [reports.ask_for_day(number) for number in range(1, 13)]
    redis.flushall()
    with workers(start, 2):
        states = [reports.wait_for(report_id) for report_id in ids]
    assert [state["attempt"] for state in states] == [1] * 12
    assert connection.execute(text("SELECT max(token) FROM report_runs")).scalar_one() == 1


def test_workers_and_schedulers_outlive_a_flush_between_jobs(reports: Reports, start: Start, redis: Redis) -> None:
    scheduler = open_scheduler(redis, 1)
    with workers(start, 1), start("scheduler"):
        reports.wait_for(reports.ask())
        reports.wait_until(lambda: all(name in scheduler for name in SCHEDULE), "The schedule")
        redis.flushall()
        reports.wait_until(lambda: all(name in scheduler for name in SCHEDULE), "The schedule again")
        reports.wait_for(reports.ask(report_type="monthly"))


def miss_monday(connection: Connection, scheduler: Scheduler, redis: Redis) -> datetime:
    """Leave schedule and database as a scheduler does that went down before the last Monday 09:00 UTC."""
    now = datetime.now(UTC)
    monday = (now - timedelta(days=now.weekday())).replace(hour=9, minute=0, second=0, microsecond=0)
    monday -= timedelta(days=7 if monday > now else 0)
    ensure_schedule(scheduler)
    redis.zadd("rq:scheduler:scheduled_jobs", {"weekly-reports": monday.timestamp()})
    start = text("INSERT INTO schedules (report_type, last_slot) VALUES ('weekly', :before), ('monthly', :now)")
    connection.execute(start, {"before": monday - timedelta(hours=1), "now": now})
    return monday


def test_a_monday_that_schedulers_missed_gives_one_report_when_they_are_back(
    reports: Reports, start: Start, redis: Redis, connection: Connection
) -> None:
    scheduler = open_scheduler(redis, 1)
    monday = miss_monday(connection, scheduler, redis)
    with (
        start("scheduler", TZ="America/New_York"),
        start("scheduler", TZ="Asia/Tokyo"),
        start("work", "default"),
        workers(start, 1),
    ):
        reports.wait_until(lambda: reports.count() > 0, "The report of Monday")
        report = reports.wait_for(1)
    for _ in range(3):
        assert reports.http.post("/internal/schedules/tick").json() == {"run_ids": []}
    assert reports.count() == 1
    assert (report["report_type"], report["requested_by"]) == ("weekly", "schedule")
    assert report["period_start"] == (monday - timedelta(days=7)).date().isoformat()
    assert report["period_end"] == (monday - timedelta(days=1)).date().isoformat()


def test_the_schedule_is_in_utc_whatever_the_zone_of_the_machine(reports: Reports, start: Start, redis: Redis) -> None:
    scheduler = open_scheduler(redis, 1)
    with start("scheduler", TZ="America/New_York"):
        reports.wait_until(lambda: all(name in scheduler for name in SCHEDULE), "The schedule")
    weekly, monthly = (
        datetime.fromtimestamp(redis.zscore("rq:scheduler:scheduled_jobs", name) or 0, UTC) for name in SCHEDULE
    )
    assert (weekly.weekday(), weekly.hour, weekly.minute) == (0, 9, 0)
    assert (monthly.day, monthly.hour, monthly.minute) == (1, 10, 0)


def wait_for_batch(reports: Reports, batch_id: int) -> None:
    reports.wait_until(lambda: reports.http.get(f"/v1/batches/{batch_id}").json()["status"] == "done", "The batch")


def test_a_worker_does_long_work_to_its_end_as_soon_as_it_is_asked_for(reports: Reports, start: Start) -> None:
    send_growth(reports.http)
    with start("work", "batch"):
        batch = reports.http.post("/v1/batches", json={"kind": "rebuild_facts"}).json()
        wait_for_batch(reports, batch["id"])


@pytest.mark.usefixtures("reconciler")
def test_long_work_that_redis_forgets_is_done_all_the_same(reports: Reports, start: Start, redis: Redis) -> None:
    send_growth(reports.http)
    batch = reports.http.post("/v1/batches", json={"kind": "rebuild_facts"}).json()
    redis.flushall()
    with start("work", "batch"):
        wait_for_batch(reports, batch["id"])


def test_what_happens_to_reports_is_counted(reports: Reports, start: Start) -> None:
    with workers(start, 1):
        reports.wait_for(reports.ask())
    metrics = reports.http.get("/metrics").text
    for event in ("generation_started", "generation_completed"):
        assert f'viral_engine_events_total{{event="viral_engine.reports.{event}"}}' in metrics
    assert "viral_engine_report_generation_seconds_count" in metrics


def test_a_worker_touches_its_heartbeat_file(reports: Reports, start: Start, tmp_path: Path) -> None:
    path = tmp_path / "alive"
    with start("work", "default", HEARTBEAT_FILE=str(path)) as worker:
        reports.wait_until(path.exists, "The heartbeat")
        assert worker.stop() == 0


def test_the_command_makes_lists_shows_and_saves_a_report(
    reports: Reports, start: Start, api_url: str, empty_database: Engine, tmp_path: Path
) -> None:
    send_growth(reports.http)
    token = create_token(empty_database, Scope.METRICS_READ, Scope.REPORTS_WRITE)
    environment = {"METRICS_API_URL": api_url, "API_TOKEN": token, "DASHBOARD_URL": "http://dashboard"}
    day = str((datetime.now(UTC) - timedelta(days=1)).date())

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(main, ["report", *arguments], env=environment)
        assert result.exit_code == 0, result.output
        return result.output

    with workers(start, 1):
        made = run("generate", "--type", "custom", "--from", day, "--to", day)
        asked = run("generate", "--type", "monthly", "--no-wait")
    assert "K-factor          2.00" in made
    assert "http://dashboard/dashboard/reports/1" in made
    assert "Report 2 is queued" in asked
    assert run("show", "1") in made
    assert run("list").splitlines()[2].startswith("1   custom")
    for export_format in ("pdf", "html", "csv", "json"):
        path = tmp_path / f"report.{export_format}"
        run("export", "1", "--format", export_format, "--output", str(path))
        assert path.stat().st_size > 1000
