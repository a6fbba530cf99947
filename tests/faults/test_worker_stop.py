"""A worker ends when it is told to, whatever else goes wrong at that moment."""

import io
from pathlib import Path

import pytest

from tests.support.worker_processes import running
from viral_cli.local.leftovers import ProcessRecord
from viral_cli.local.merged_log import MergedLog
from viral_cli.local.ports import find_free_port
from viral_cli.local.processes import Children
from viral_cli.local.servers import EmbeddedValkey

pytestmark = pytest.mark.slow
_SECONDS = 60
_TOKENS = {"REPORT_WORKER_TOKEN": "r" * 32, "EMAIL_WORKER_TOKEN": "e" * 32}


@pytest.mark.parametrize("worker", [["report_worker", "work", "default"], ["email_worker", "work", "webhooks"]])
def test_a_worker_ends_although_redis_is_away(tmp_path: Path, worker: list[str]) -> None:
    heartbeat = tmp_path / "heartbeat"
    valkey = EmbeddedValkey(tmp_path / "valkey", "password", find_free_port())
    environment = {**_TOKENS, "REDIS_URL": valkey.url, "HEARTBEAT_FILE": str(heartbeat)}
    with Children(MergedLog(io.StringIO()), ProcessRecord(tmp_path / "processes.json")) as children:
        valkey.start(children)
        with running(*worker, **environment) as process:
            children.wait_until(heartbeat.exists, "The worker", seconds=_SECONDS)
            children.stop()
            assert process.stop() == 0


def test_a_worker_that_waits_for_redis_says_that_it_lives(servers: tuple[Children, Path], tmp_path: Path) -> None:
    """Else its probes would restart it, and every other worker, while Redis is away."""
    heartbeat = tmp_path / "heartbeat"
    nowhere = f"redis://127.0.0.1:{find_free_port()}"
    environment = {**_TOKENS, "REDIS_URL": nowhere, "HEARTBEAT_FILE": str(heartbeat)}
    with running("email_worker", "work", "webhooks", **environment):
        for beat in ("The first beat", "Another one"):
            servers[0].wait_until(heartbeat.exists, beat, seconds=_SECONDS)
            heartbeat.unlink()


@pytest.mark.parametrize("process", [["work", "default"], ["scheduler"]])
def test_a_process_that_shows_its_metrics_ends_in_good_order(
    servers: tuple[Children, Path], redis_url: str, tmp_path: Path, process: list[str]
) -> None:
    heartbeat = tmp_path / "heartbeat"
    environment = {**_TOKENS, "REDIS_URL": redis_url, "HEARTBEAT_FILE": str(heartbeat)}
    with running("report_worker", *process, WORKER_METRICS_PORT=str(find_free_port()), **environment) as running_one:
        servers[0].wait_until(heartbeat.exists, "The process", seconds=_SECONDS)
        assert running_one.stop() == 0
