"""What never becomes a request is answered in the shape of every other error."""

import json
import socket
from http.client import HTTPResponse
from urllib.parse import urlsplit

import httpx
import pytest


def exchange(server_url: str, request: bytes) -> HTTPResponse:
    """Send these bytes as they are."""
    address = urlsplit(server_url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(request)
        response = HTTPResponse(connection)
        response.begin()
        return response


HEAD = b"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (b"GET /v1/guardrails/fraud?cursor=" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", 414, "request_uri_too_long"),
        (b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 9000 + b"\r\n\r\n", 431, "request_header_fields_too_large"),
        (b"GET / HTTP/9.9\r\n\r\n", 400, "bad_request"),
        (b"hello there\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400, "bad_request"),
        (HEAD + b"Content-Length: many\r\n\r\n", 400, "bad_request"),
        (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "bad_request"),
    ],
)
def test_malformed_requests_are_answered_by_a_problem(server_url: str, request_: bytes, status: int, code: str) -> None:
    response = exchange(server_url, request_)
    problem = json.loads(response.read())
    assert (response.status, response.headers["Content-Type"]) == (status, "application/problem+json")
    assert (problem["status"], problem["code"]) == (status, code)
    assert response.headers["X-Request-ID"]


def test_a_body_in_malformed_chunks_is_answered_400(server_url: str, http: httpx.Client) -> None:
    head = f"POST /v1/events HTTP/1.1\r\nAuthorization: {http.headers['Authorization']}\r\n"
    chunks = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    response = exchange(server_url, (head + chunks).encode())
    assert (response.status, response.headers["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("address", [b"/v1/links/%FF", b"/v1/links/a%E2%82", b"/v1/alerts?status=%FF", b"/%C0%AF"])
def test_an_address_that_is_not_utf8_is_refused(server_url: str, address: bytes) -> None:
    response = exchange(server_url, b"GET " + address + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert response.status == 400
    assert json.loads(response.read())["code"] == "not_utf8"


def test_what_a_route_allows_is_not_told_without_a_token(server_url: str) -> None:
    response = exchange(server_url, b"OPTIONS /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (response.status, response.headers["Content-Type"]) == (405, "application/problem+json")
    assert json.loads(response.read())["code"] == "method_not_allowed"
