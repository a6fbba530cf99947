"""Refusals that a real server gives while the caller is still sending: the answer arrives, not a broken connection."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from tests.support.api_server import connect
from tests.support.builders import build_clicks
from viral_contract.models.people import Scope

MIB = 1024 * 1024
JSON = {"Content-Type": "application/json"}


def send_in_chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // MIB):
        yield b" " * MIB


def check_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json")
    problem: dict[str, Any] = response.json()
    assert problem["code"] == code
    assert response.headers["X-Request-ID"]
    return problem


@pytest.mark.parametrize("path", ["/v1/events", "/v1/links"])
def test_a_body_of_20_mib_is_answered_413(http: httpx.Client, path: str) -> None:
    problem = check_problem(http.post(path, content=b" " * 20 * MIB, headers=JSON), 413, "too_large")
    assert problem["detail"] == "The body is larger than 16 MiB. Send it in smaller parts."


def test_a_body_of_20_mib_in_chunks_is_answered_413(http: httpx.Client) -> None:
    check_problem(http.post("/v1/events", content=send_in_chunks(20 * MIB), headers=JSON), 413, "too_large")


def test_a_body_of_16_mib_is_read(http: httpx.Client) -> None:
    body = b'{"events": [{"event_type": "click"}]}'
    response = http.post("/v1/events", content=body + b" " * (16 * MIB - len(body)), headers=JSON)
    assert response.json() == {"accepted": 1, "duplicates": 0}


def test_a_single_link_may_not_be_as_large_as_a_batch(http: httpx.Client) -> None:
    problem = check_problem(http.put("/v1/links/l-1", content=b" " * 2 * MIB, headers=JSON), 413, "too_large")
    assert problem["detail"] == "The body is larger than 1 MiB. Send it in smaller parts."


def test_the_same_connection_can_be_used_after_a_refusal(http: httpx.Client) -> None:
    http.post("/v1/events", content=b" " * 20 * MIB, headers=JSON)
    assert http.post("/v1/events", json={"events": build_clicks(1)}).status_code == 202


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/v1/nowhere", 404, "not_found"),
        ("PUT", "/v1/events", 405, "method_not_allowed"),
        ("POST", "/v1/events", 415, "unsupported_media_type"),
        ("POST", "/v1/events?partial=perhaps", 422, "invalid"),
    ],
)
def test_a_refusal_that_does_not_read_the_body_arrives(
    http: httpx.Client, method: str, path: str, status: int, code: str
) -> None:
    check_problem(http.request(method, path, content=b" " * 20 * MIB), status, code)
    check_problem(http.request(method, path, content=send_in_chunks(20 * MIB)), status, code)


def test_a_large_body_without_the_right_token_is_refused_for_the_token(server_url: str, empty_database: Engine) -> None:
    response = httpx.post(f"{server_url}/v1/events", content=b" " * 20 * MIB, headers=JSON, trust_env=False)
    check_problem(response, 401, "missing_token")
    with connect(server_url, empty_database, Scope.METRICS_READ) as reader:
        check_problem(reader.post("/v1/events", content=send_in_chunks(20 * MIB), headers=JSON), 403, "missing_scope")
