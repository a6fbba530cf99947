"""Whatever is sent to any route, the API answers as its OpenAPI document says, and never with an error of its own."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection, Engine

from metrics_api.access.tokens import ENVIRONMENT
from tests.support.api_fixtures import create_token
from tests.support.api_server import start_api
from tests.support.builders import build_clicks, build_link
from tests.support.content_builders import EMAIL, build_reel, build_share
from tests.support.delivery_rows import save_ready_report
from viral_cli.local.processes import Children
from viral_contract.models.people import Scope

pytestmark = pytest.mark.slow

_CONFIG = Path(__file__).with_name("schemathesis.toml")
_ROOT = Path(__file__).parents[2]
_FUZZER = Path(sys.executable).with_name("schemathesis")
_EXAMPLES_A_ROUTE = 6
_LONGEST_SECONDS = 900
# Chosen once: what it finds, it finds again.
_SEED = 20261122


def save_something(http: httpx.Client, connection: Connection) -> None:
    """A little of everything, so that reads have something to answer with."""
    http.post("/v1/links", json={"items": [build_link("l-1")]}).raise_for_status()
    clicks = build_clicks(12, ip_address="203.0.113.7", device_fingerprint="d-1", link_id="l-1")
    http.post("/v1/events", json={"events": clicks}).raise_for_status()
    http.put("/v1/parent-shares/s-1", json={"share_data": EMAIL, "view_count": 0}).raise_for_status()
    http.post("/v1/parent-shares", json={"items": [build_share("s-2", EMAIL)]}).raise_for_status()
    http.post("/v1/progress-reels", json={"items": [build_reel("r-1", EMAIL)]}).raise_for_status()
    http.post("/v1/guardrails/evaluations").raise_for_status()
    save_ready_report(connection)


def test_the_fuzzer_finds_nothing_wrong_with_any_route(
    servers: tuple[Children, Path], database_url: str, redis_url: str, empty_database: Engine, connection: Connection
) -> None:
    url = start_api(servers[0], DATABASE_URL=database_url, REDIS_URL=redis_url)
    # A token of the settings, which nobody can revoke by a request.
    token = create_token(empty_database, *Scope, created_by=ENVIRONMENT)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as http:
        save_something(http, connection)
        fuzzed = subprocess.run(
            [
                *(str(_FUZZER), f"--config-file={_CONFIG}", "run", f"{url}/openapi.json"),
                *("-H", f"Authorization: Bearer {token}"),
                *("--phases=coverage,fuzzing", f"--max-examples={_EXAMPLES_A_ROUTE}", f"--seed={_SEED}"),
                *("--continue-on-failure", "--no-color", "--workers=2", "--request-timeout=30"),
            ],
            cwd=_ROOT,
            capture_output=True,
            text=True,
            timeout=_LONGEST_SECONDS,
            check=False,
        )
        assert fuzzed.returncode == 0, fuzzed.stdout + fuzzed.stderr
        # Had the fuzzer locked itself out, it would have seen nothing but 401.
        assert http.get("/v1/reports").status_code == 200
