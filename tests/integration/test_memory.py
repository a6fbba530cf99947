"""The memory of one request is bounded, whatever the largest permitted body is made of."""

import json
import os
import subprocess
import sys

import pytest
from sqlalchemy import Engine

from tests.api_fixtures import create_token
from viral_engine.contract.people import Scope

MIB = 1024 * 1024
EVENTS, LINKS, SHARES = "/v1/events", "/v1/links", "/v1/parent-shares"
BATCHES = {
    EVENTS: [
        "unknown fields",
        "small events",
        "full events",
        "events with astral texts",
        "tiny events",
        "zeros",
        "one event of lists",
    ],
    LINKS: ["full links"],
    SHARES: ["shares of lists"],
}
ONE = ["one share of lists", "one share too large", "one share of texts"]


@pytest.fixture
def token(empty_database: Engine) -> str:
    return create_token(empty_database, *Scope)


def measure(method: str, path: str, body: str, **environment: str) -> dict[str, int]:
    command = [sys.executable, "-m", "tests.memory_probe", method, path, body]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    measured: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    print(path, body, measured["status"], *(round(measured[name] / MIB, 1) for name in ("size", "peak", "left")))
    return measured


@pytest.mark.slow
@pytest.mark.parametrize(("path", "body"), [(path, body) for path, bodies in BATCHES.items() for body in bodies])
def test_a_batch_takes_less_than_eight_times_the_memory_of_the_largest_body(
    database_url: str, redis_url: str, token: str, path: str, body: str
) -> None:
    measured = measure(
        "POST", f"{path}?partial=true", body, DATABASE_URL=database_url, REDIS_URL=redis_url, TOKEN=token
    )
    assert measured["status"] < 500
    assert measured["peak"] < 8 * 16 * MIB
    assert measured["left"] < 2 * 16 * MIB


@pytest.mark.slow
@pytest.mark.parametrize("body", ONE)
def test_a_single_item_takes_less_than_eight_times_the_memory_of_the_largest_body(
    database_url: str, redis_url: str, token: str, body: str
) -> None:
    measured = measure("PUT", f"{SHARES}/s", body, DATABASE_URL=database_url, REDIS_URL=redis_url, TOKEN=token)
    assert measured["status"] < 500
    assert measured["peak"] < 8 * MIB
