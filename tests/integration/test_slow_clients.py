"""Clients that send slowly, or nothing at all, hold nobody up; on a server with one thread."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import Engine

from tests.api_fixtures import create_token
from tests.api_server import start_api
from viral_engine.contract.people import Scope
from viral_engine.standalone.processes import Children

HEAD = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def url(servers: tuple[Children, Path], database_url: str, redis_url: str) -> str:
    stores = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    return start_api(servers[0], **stores, METRICS_API_THREADS="1", REQUEST_READ_SECONDS="1")


@pytest.fixture
def clients(url: str) -> Iterator["Clients"]:
    with ExitStack() as opened:
        yield Clients(url, opened)


class Clients:
    """Connections that send what they are told and then nothing more."""

    def __init__(self, url: str, opened: ExitStack) -> None:
        self.url = url
        self._opened = opened

    def send(self, sent: bytes) -> socket.socket:
        address = urlsplit(self.url)
        connection = self._opened.enter_context(socket.create_connection((address.hostname, address.port), timeout=30))
        connection.sendall(sent)
        return connection


def read(connection: socket.socket) -> HTTPResponse:
    response = HTTPResponse(connection)
    response.begin()
    return response


def test_silent_connections_take_no_thread(clients: Clients) -> None:
    for _ in range(50):
        clients.send(b"")
    assert httpx.get(f"{clients.url}/healthz", timeout=0.9, trust_env=False).status_code == 200


@pytest.mark.parametrize("sent", [b"GET /healthz HTT", b"GET /healthz HTTP/1.1\r\nHost: loc"])
def test_a_head_that_does_not_come_in_is_answered_408(clients: Clients, sent: bytes) -> None:
    response = read(clients.send(sent))
    assert (response.status, response.headers["Content-Type"]) == (408, "application/problem+json")
    assert httpx.get(f"{clients.url}/healthz", trust_env=False).status_code == 200


@pytest.mark.parametrize("framing", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
def test_a_body_that_does_not_come_in_is_answered_408(clients: Clients, engine: Engine, framing: bytes) -> None:
    token = create_token(engine, Scope.EVENTS_WRITE).encode()
    connection = clients.send(HEAD + b"Authorization: Bearer " + token + b"\r\n" + framing + b'\r\n\r\n{"eve')
    response = read(connection)
    assert (response.status, response.headers["Content-Type"]) == (408, "application/problem+json")
    response.read()
    assert connection.recv(1) == b""
    assert httpx.get(f"{clients.url}/healthz", trust_env=False).status_code == 200


def test_a_body_of_a_stranger_is_not_waited_for(clients: Clients) -> None:
    response = read(clients.send(HEAD + b'Content-Length: 100\r\n\r\n{"eve'))
    assert response.status == 401


def test_a_kept_connection_has_its_time_for_every_request(clients: Clients) -> None:
    connection = clients.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert read(connection).read() == b'{"status":"ok"}'
    connection.sendall(b"GET /healthz HTTP/1.1\r\n")
    assert read(connection).status == 408
