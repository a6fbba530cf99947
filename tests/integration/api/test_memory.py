"""The memory of one request is bounded, whatever the largest permitted body is made of."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import Engine

from metrics_api.api.routing import Operation
from tests.support.api_fixtures import create_token
from tests.support.operations import list_operations, name_operation
from viral_contract.models.people import Scope

MOST = 8
KIB = 1024
# What the first request of its kind takes besides: a page of compiled code, a connection's buffers.
NOISE = 512 * KIB
# Of small bodies nothing is given back at once; the next one uses it again.
LASTING = 6 * 1024 * KIB
FACTS = [each for each in list_operations() if each.body is not None and each.scope == Scope.EVENTS_WRITE]
OTHERS = [each for each in list_operations() if each.body is not None and each not in FACTS]


@pytest.fixture
def token(empty_database: Engine) -> str:
    return create_token(empty_database, *Scope)


def measure(*operations: Operation, **environment: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.support.memory_probe", *map(name_operation, operations)]
    done = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b'{"route"')]


@pytest.mark.slow
@pytest.mark.parametrize("operation", FACTS, ids=name_operation)
def test_no_body_of_facts_takes_eight_times_the_memory_of_the_largest(
    database_url: str, redis_url: str, token: str, operation: Operation
) -> None:
    check(measure(operation, DATABASE_URL=database_url, REDIS_URL=redis_url, TOKEN=token), operation.max_body_bytes)


@pytest.mark.slow
def test_neither_does_a_body_of_unknown_fields_on_any_other_route(
    database_url: str, redis_url: str, token: str
) -> None:
    measured = measure(*OTHERS, DATABASE_URL=database_url, REDIS_URL=redis_url, TOKEN=token)
    assert {each["route"] for each in measured} == {name_operation(each) for each in OTHERS}
    limits = {name_operation(each): each.max_body_bytes for each in OTHERS}
    for each in measured:
        check([each], limits[each["route"]])


def check(measured: list[dict[str, Any]], most_bytes: int) -> None:
    assert measured
    for each in measured:
        print(each["route"], each["body"], each["status"], *(each[name] // KIB for name in ("size", "peak", "left")))
    assert [each for each in measured if each["status"] >= 500] == []
    assert [each for each in measured if each["size"] < most_bytes * 3 // 4 and each["status"] < 400] == []
    assert [each for each in measured if each["peak"] > MOST * most_bytes + NOISE] == []
    assert [each for each in measured if each["left"] > 2 * most_bytes + LASTING] == []
