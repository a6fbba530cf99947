"""Clients that send slowly, or nothing at all, hold nobody up; on a server with one thread."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path
from select import select
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import Engine, text

from tests.support.api_fixtures import create_token
from tests.support.api_server import THREADS, start_api
from viral_cli.local.processes import Children
from viral_contract.models.people import Scope

_MANY = 500
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

    def send(self, sent: bytes, *, receive_buffer: int = 65536) -> socket.socket:
        address = urlsplit(self.url)
        connection = self._opened.enter_context(socket.socket())
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(30)
        connection.connect((address.hostname, address.port))
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


def test_a_body_of_a_stranger_has_no_longer(clients: Clients) -> None:
    response = read(clients.send(HEAD + b'Content-Length: 100\r\n\r\n{"eve'))
    assert response.status == 408


def test_a_kept_connection_has_its_time_for_every_request(clients: Clients) -> None:
    connection = clients.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert read(connection).read() == b'{"status":"ok"}'
    connection.sendall(b"GET /healthz HTTP/1.1\r\n")
    assert read(connection).status == 408


@pytest.fixture(scope="module")
def default_url(servers: tuple[Children, Path], database_url: str, redis_url: str) -> str:
    return start_api(servers[0], DATABASE_URL=database_url, REDIS_URL=redis_url)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /openapi.json HTTP/1.1\r\nHost: loc",
        HEAD + b'Content-Length: 1000\r\n\r\n{"eve',
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n",
    ],
    ids=["idle", "head", "body", "chunks"],
)
def test_500_clients_that_send_slowly_hold_nobody_up(default_url: str, sent: bytes) -> None:
    with ExitStack() as opened:
        clients = Clients(default_url, opened)
        for _ in range(_MANY):
            clients.send(sent)
        check_answers(default_url)


@pytest.mark.parametrize("path", [b"/openapi.json", b"/docs/swagger-ui-bundle.js"])
def test_500_clients_that_read_slowly_hold_nobody_up(default_url: str, path: bytes) -> None:
    with ExitStack() as opened:
        clients = Clients(default_url, opened)
        request = b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for connection in [clients.send(request, receive_buffer=4096) for _ in range(_MANY)]:
            assert connection.recv(1)
        check_answers(default_url)


def check_answers(url: str) -> None:
    for path in ("/healthz", "/docs"):
        assert httpx.get(f"{url}{path}", timeout=0.99, trust_env=False).status_code == 200


def test_liveness_does_not_wait_for_slow_database_work(default_url: str, engine: Engine) -> None:
    token = create_token(engine, Scope.METRICS_READ)
    request = f"GET /v1/alerts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    with ExitStack() as opened, engine.begin() as connection:
        clients = Clients(default_url, opened)
        connection.execute(text("LOCK TABLE tokens IN ACCESS EXCLUSIVE MODE"))
        busy = [clients.send(request) for _ in range(2 * THREADS)]
        assert httpx.get(f"{default_url}/healthz", timeout=0.99, trust_env=False).status_code == 200
        assert not select(busy, [], [], 0)[0]
        connection.rollback()
        assert {read(each).status for each in busy} == {200}


def test_large_bodies_that_do_not_end_leave_room_for_others(default_url: str) -> None:
    """What all of them may store together is bounded; the largest are refused."""
    with ExitStack() as opened:
        clients = Clients(default_url, opened)
        large = [clients.send(HEAD + b"Content-Length: 16000000\r\n\r\n" + b" " * 15_000_000) for _ in range(12)]
        assert {read(each).status for each in select(large, [], [], 30)[0]} == {503}
        assert httpx.get(f"{default_url}/docs", timeout=0.99, trust_env=False).status_code == 200
