"""The metrics API as it runs in production: a process of its own under waitress."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from tests.support.api_fixtures import IDENTIFIER_KEY, create_token
from viral_cli.local.ports import find_free_port
from viral_cli.local.processes import Children, Program
from viral_contract.models.people import Scope

__all__ = ["http", "server_url"]
THREADS = 8
_READY_SECONDS = 60


def start_api(children: Children, **settings: str) -> str:
    """Start a server with these settings, wait until it answers, and return its address."""
    port = find_free_port()
    given = {
        "IDENTIFIER_KEY": IDENTIFIER_KEY,
        "METRICS_API_PORT": str(port),
        "METRICS_API_THREADS": str(THREADS),
        "METRICS_API_PROCESSES": "1",
        "LOG_FORMAT": "json",
        **settings,
    }
    environment = [f"{name}={value}" for name, value in given.items()]
    children.start(Program("metrics_api", ["env", *environment, sys.executable, "-m", "metrics_api", "web"]))
    url = f"http://127.0.0.1:{port}"
    children.wait_until(lambda: _answers(url), "The metrics API", seconds=_READY_SECONDS)
    return url


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False).is_success
    except httpx.TransportError:
        return False


@contextmanager
def connect(url: str, engine: Engine, *scopes: Scope) -> Iterator[httpx.Client]:
    """A client of a real server, with a token of these scopes."""
    headers = {"Authorization": f"Bearer {create_token(engine, *scopes)}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def server_url(servers: tuple[Children, Path], database_url: str, redis_url: str) -> str:
    """The address of a real server with the default settings."""
    return start_api(servers[0], DATABASE_URL=database_url, REDIS_URL=redis_url)


@pytest.fixture
def http(server_url: str, empty_database: Engine) -> Iterator[httpx.Client]:
    """A client of the real server who may do everything."""
    with connect(server_url, empty_database, *Scope) as client:
        yield client
