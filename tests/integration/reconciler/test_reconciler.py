"""The reconciler as a real process: one of several works, another takes over, and it stops when it is told to."""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import pytest
from redis import Redis
from sqlalchemy import Connection, Engine, text

from metrics_api.batches.steps import start_batch, start_due_classification
from metrics_api.context import Context
from metrics_api.db.migrate import upgrade
from tests.support.api_fixtures import IDENTIFIER_KEY, Api
from tests.support.builders import NOON, build_clicks
from viral_cli.local.leftovers import ProcessRecord
from viral_cli.local.merged_log import MergedLog
from viral_cli.local.ports import find_free_port
from viral_cli.local.processes import Children
from viral_cli.local.servers import EmbeddedPostgres
from viral_runtime.work.queues import QueueName, fetch_queued_rows

pytestmark = pytest.mark.slow
_SECONDS = 60
EVALUATED = "viral_engine.guardrails.health_score"
Start = Callable[..., "ReconcilerProcess"]


class ReconcilerProcess:
    """`python -m metrics_api reconciler`, whose log can be waited for."""

    def __init__(self, **environment: str) -> None:
        self._environment = {**os.environ, "PYTHONUNBUFFERED": "1", **environment}
        self._lines: queue.Queue[str] = queue.Queue()

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "metrics_api", "reconciler"]
        self.process = subprocess.Popen(command, env=self._environment, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line)

    def wait_for(self, event: str) -> str:
        """The next line of the log that tells of the event. Raises queue.Empty when none comes."""
        while event not in (line := self._lines.get(timeout=_SECONDS)):
            pass
        return line

    def has_logged(self, event: str) -> bool:
        """Whether one of the lines that nobody waited for tells of the event."""
        return any(event in line for line in list(self._lines.queue))

    def stop(self, number: signal.Signals) -> int:
        """The exit code after a signal."""
        self.process.send_signal(number)
        return self.process.wait(timeout=_SECONDS)


@pytest.fixture
def start(empty_database: Engine, redis_url: str) -> Iterator[Start]:
    """Starts reconcilers that evaluate every second, and ends them with the test."""
    running: list[ReconcilerProcess] = []

    def run(**environment: str) -> ReconcilerProcess:
        settings = {
            "DATABASE_URL": empty_database.url.render_as_string(hide_password=False),
            "REDIS_URL": redis_url,
            "IDENTIFIER_KEY": IDENTIFIER_KEY,
            "EVALUATION_SECONDS": "1",
            "RECONCILE_SECONDS": "0.5",
        }
        running.append(ReconcilerProcess(**{**settings, **environment}).__enter__())
        return running[-1]

    yield run
    for process in running:
        process.__exit__(None, None, None)


def test_one_of_two_evaluates_and_the_other_takes_over_when_it_is_killed(start: Start, connection: Connection) -> None:
    leader = start()
    leader.wait_for("leadership_taken")
    standby = start()
    standby.wait_for("reconciler_started")
    for _ in range(3):
        leader.wait_for(EVALUATED)
    assert not standby.has_logged("leadership_taken")
    leader.stop(signal.SIGKILL)
    standby.wait_for("leadership_taken")
    standby.wait_for(EVALUATED)
    assert connection.execute(text("SELECT count(*) FROM health_history")).scalar_one() >= 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_ends_well_whether_it_leads_or_not(start: Start, number: signal.Signals) -> None:
    leader = start(EVALUATION_SECONDS="3600")
    leader.wait_for(EVALUATED)
    standby = start()
    standby.wait_for("reconciler_started")
    assert standby.stop(number) == 0
    assert leader.stop(number) == 0
    leader.wait_for("reconciler_stopped")


def test_a_leader_whose_connection_is_cut_comes_back(start: Start, connection: Connection) -> None:
    leader = start()
    leader.wait_for(EVALUATED)
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reconciler'"
    assert connection.execute(text(cut)).scalars().all() == [True]
    leader.wait_for("database_lost")
    leader.wait_for("leadership_taken")
    leader.wait_for(EVALUATED)


def test_it_evaluates_what_came_in_and_opens_the_alert(start: Start, api: Api) -> None:
    for host in range(6):
        api.post_events(*({**click, "occurred_at": None} for click in build_clicks(11, ip_address=f"203.0.113.{host}")))
    reconciler = start()
    assert "fraud_detection" in reconciler.wait_for("viral_engine.guardrails.alert_opened")
    assert [alert["type"] for alert in api.read("/v1/alerts")["alerts"]] == ["fraud_detection"]


def test_it_leaves_the_steps_of_a_batch_to_workers_and_puts_it_on_their_queue(
    start: Start, api: Api, context: Context, connection: Connection, redis_url: str
) -> None:
    # As a reconciler does first of all, so that no batch classifies the clicks again.
    start_due_classification(connection, context.fact_rules, now=NOON)
    api.post_events(*build_clicks(11, ip_address="203.0.113.7"))
    batch = start_batch(connection, "rebuild_facts")
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
        reconciler = start()
        while not fetch_queued_rows(redis, QueueName.BATCH):
            reconciler.wait_for(EVALUATED)
        assert fetch_queued_rows(redis, QueueName.BATCH) == {batch}
    assert api.read(f"/v1/batches/{batch}")["status"] == "queued"


def test_a_failing_task_does_not_keep_the_others_from_running(start: Start) -> None:
    reconciler = start(REDIS_URL=f"redis://127.0.0.1:{find_free_port()}")
    assert "measure_queues" in reconciler.wait_for("task_failed")
    for _ in range(3):
        reconciler.wait_for(EVALUATED)


def test_its_metrics_tell_that_it_leads_and_what_it_did(start: Start) -> None:
    port = str(find_free_port())
    reconciler = start(RECONCILER_METRICS_PORT=port)
    for _ in range(2):
        reconciler.wait_for(EVALUATED)
    metrics = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text.splitlines()
    assert "viral_engine_reconciler_leads 1.0" in metrics
    assert "viral_engine_health_score 100.0" in metrics
    done = 'viral_engine_reconciler_tasks_total{outcome="done",task="evaluate_guardrails"}'
    assert [float(line.rpartition(" ")[2]) >= 1 for line in metrics if line.startswith(done)] == [True]


def test_it_outlives_a_restart_of_the_database(start: Start, tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", "password", find_free_port())
    with (tmp_path / "log").open("w") as log:
        record = ProcessRecord(tmp_path / "processes.json")
        with Children(MergedLog(log), record) as first:
            server.start(first)
            upgrade(server.url)
            reconciler = start(DATABASE_URL=server.url)
            reconciler.wait_for(EVALUATED)
        reconciler.wait_for("database_lost")
        with Children(MergedLog(log), record) as second:
            server.start(second)
            reconciler.wait_for("leadership_taken")
            reconciler.wait_for(EVALUATED)
            assert reconciler.stop(signal.SIGTERM) == 0
