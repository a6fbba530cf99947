"""A real server's log, whatever it is sent: every line is JSON, has a request's id, and names no child."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from tests.support.api_fixtures import IDENTIFIER_KEY
from tests.support.api_server import connect
from tests.support.builders import build_event
from viral_cli.local.ports import find_free_port
from viral_cli.local.processes import Children
from viral_contract.models.people import Scope

pytestmark = pytest.mark.slow
_SECONDS = 60
_CHILD = {
    "ip_address": "203.0.113.77",
    "device_fingerprint": "kid-device-7",
    "user_id": "kid-user-7",
    "referrer_id": "kid-friend-7",
    "session_id": "kid-session-7",
}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


@pytest.fixture
def http(
    servers: tuple[Children, Path], database_url: str, redis_url: str, empty_database: Engine, log: Path
) -> Iterator[httpx.Client]:
    """A client of a server that logs into a file."""
    port = find_free_port()
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "IDENTIFIER_KEY": IDENTIFIER_KEY,
        "METRICS_API_PORT": str(port),
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "DEBUG",
    }
    command = [sys.executable, "-m", "metrics_api", "web"]
    with (
        log.open("w") as output,
        subprocess.Popen(command, env={**os.environ, **environment}, stdout=output) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            servers[0].wait_until(lambda: _answers(url), "The metrics API", seconds=_SECONDS)
            with connect(url, empty_database, *Scope) as client:
                yield client
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False).is_success
    except httpx.TransportError:
        return False


def test_no_line_names_a_child_and_each_has_the_id_of_its_request(http: httpx.Client, log: Path) -> None:
    event = build_event(**_CHILD)
    sent = [
        http.post("/v1/events", json={"events": [event]}),
        http.post("/v1/events", json={"events": [{**event, "event_type": "unknown"}]}),
        http.get("/v1/investigations/ips/203.0.113.77"),
        http.get("/v1/investigations/devices/kid-device-7"),
        http.get("/v1/investigations/referrers/kid-friend-7"),
        http.get("/v1/investigations/devices/kid-device-8"),
        http.put("/v1/trusted-networks/203.0.113.77", json={"reason": "x"}),
        http.post("/v1/pii/scan", json={"text": "kid-user-7 is kid@example.org"}),
    ]
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    ids = {line.get("request_id") for line in lines if line["event"] == "http_request"}
    assert {response.headers["X-Request-ID"] for response in sent} <= ids
    assert "203.0.113.77" not in text
    assert "kid-" not in text
    assert "kid@" not in text
