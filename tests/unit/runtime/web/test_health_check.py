"""What a container's health check tells from its environment."""

import os
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from viral_cli.local.ports import find_free_port
from viral_runtime.web.health_check import OLDEST_HEARTBEAT_SECONDS, is_alive


class Service(BaseHTTPRequestHandler):
    """Answers /healthz by the status that the test has chosen."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.end_headers()


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Service) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "alive"), [(200, True), (503, False)])
def test_a_web_service_lives_while_it_answers(
    port: int, status: int, alive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Service, "status", status)
    assert is_alive("METRICS_API_PORT", {"METRICS_API_PORT": str(port)}) is alive


def test_a_port_where_nobody_listens_is_no_life() -> None:
    assert not is_alive("DASHBOARD_PORT", {"DASHBOARD_PORT": str(find_free_port())})


@pytest.mark.parametrize(("age", "alive"), [(0, True), (OLDEST_HEARTBEAT_SECONDS + 1, False)])
def test_a_worker_lives_while_its_heartbeat_is_young(tmp_path: Path, age: float, alive: bool) -> None:
    path = tmp_path / "heartbeat"
    path.touch()
    os.utime(path, (0, time.time() - age))
    assert is_alive("HEARTBEAT_FILE", {"HEARTBEAT_FILE": str(path)}) is alive


def test_a_worker_that_has_not_begun_does_not_live(tmp_path: Path) -> None:
    assert not is_alive("HEARTBEAT_FILE", {"HEARTBEAT_FILE": str(tmp_path / "heartbeat")})
