"""Calls of webhooks: what each answer means, and that no address leads into our own network."""

import ipaddress
import socket
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpcore
import pytest

from email_worker.checked_network import CheckedNetwork, check_address
from email_worker.outcomes import FailedError, NotSentError
from email_worker.settings import WebhookSettings
from email_worker.webhook import call_webhook
from tests.support.hook_server import Behaviour, HookCall, answer, hook_server
from viral_cli.local.ports import find_free_port
from viral_runtime.settings.networks import read_networks

LOOPBACK = WebhookSettings(webhook_allowed_networks="127.0.0.0/8", webhook_timeout_seconds=1)
PUBLIC_ONLY = WebhookSettings(webhook_timeout_seconds=1)


def call(url: str, settings: WebhookSettings = LOOPBACK) -> str:
    return call_webhook(settings, url, b'{"a":1}', {"Content-Type": "application/json", "Idempotency-Key": "<5@x>"})


def fail(url: str, settings: WebhookSettings = LOOPBACK) -> NotSentError:
    with pytest.raises(NotSentError) as raised:
        call(url, settings)
    return raised.value


def test_a_call_arrives_as_it_is_and_names_its_host() -> None:
    with hook_server(answer(200, b"ok")) as hook:
        assert call(hook.url) == "200 ok"
        (made,) = hook.calls
    assert isinstance(made, HookCall)
    assert (made.path, made.body) == ("/hook", b'{"a":1}')
    assert (made.headers["Host"], made.headers["Idempotency-Key"]) == (f"127.0.0.1:{hook.port}", "<5@x>")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(code, "failed") for code in (301, 302, 307, 308, 400, 401, 403, 404, 410, 422)]
    + [(code, "refused") for code in (408, 425, 429, 500, 502, 503, 504)],
)
def test_the_status_says_whether_it_is_tried_again(status: int, outcome: str) -> None:
    with hook_server(answer(status, b"no_service")) as hook:
        error = fail(hook.url)
    assert (error.outcome, str(error), error.reply) == (outcome, f"The webhook returned {status}.", "no_service")


def test_redirects_are_not_followed() -> None:
    with hook_server(answer(200)) as inside, hook_server(answer(307, Location=inside.url)) as hook:
        assert fail(hook.url).outcome == "failed"
        assert (len(hook.calls), inside.calls) == (1, [])


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Byte after byte, each within every timeout of a socket."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    ends_at = time.monotonic() + 10
    while time.monotonic() < ends_at:
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


def say_nothing(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def talk_nonsense(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")


@pytest.mark.parametrize("behave", [drip, say_nothing, hang_up, talk_nonsense])
def test_a_webhook_that_does_not_answer_is_called_again_later(behave: Behaviour) -> None:
    with hook_server(behave) as hook:
        began = time.monotonic()
        assert fail(hook.url).outcome == "refused"
        assert time.monotonic() - began < 3


def test_no_more_than_the_beginning_of_an_answer_is_read() -> None:
    def flood(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            handler.wfile.write(b"x" * 100_000)

    with hook_server(flood) as hook:
        assert call(hook.url) == "200 " + "x" * 500


def test_a_host_that_is_away_or_unknown_is_tried_again() -> None:
    assert fail(f"http://127.0.0.1:{find_free_port()}/").outcome == "refused"
    assert fail("http://no-such-host.invalid/").outcome == "refused"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/hook",
        "http://127.1:{port}/hook",
        "http://0x7f000001:{port}/hook",
        "http://2130706433:{port}/hook",
        "http://017700000001:{port}/hook",
        "http://0:{port}/hook",
        "http://0.0.0.0:{port}/hook",
        "http://localhost:{port}/hook",
        "http://[::1]:{port}/hook",
        "http://[::]:{port}/hook",
        "http://[::ffff:127.0.0.1]:{port}/hook",
        "http://[::ffff:7f00:1]:{port}/hook",
        "http://[64:ff9b::7f00:1]:{port}/hook",
        "http://[2002:7f00:1::]:{port}/hook",
        "http://public.example@127.0.0.1:{port}/hook",
        "http://127.0.0.1:{port}#@public.example/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://[fe80::1]/",
        "http://[fec0::1]/",
        "http://224.0.0.1/",
        "http://[ff02::1]/",
        "http://240.0.0.1/",
        "http://255.255.255.255/",
        "http://192.0.2.1/",
        "http://192.0.0.9/",
        "http://192.88.99.1/",
        "http://168.63.129.16/metadata",
        "http://[::168.63.129.16]/",
        "http://[::ffff:168.63.129.16]/",
        "http://[64:ff9b::a83f:8110]/",
        "http://[64:ff9b:1::a83f:8110]/",
        "http://[5f00::1]/",
        "http://100.100.100.200/",
        "http://[3fff::1]/",
        "http://[::127.0.0.1]:{port}/hook",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
        "ftp://127.0.0.1/",
        "unix:///run/docker.sock",
        "http:///hook",
        "http://exämple.example/",
        "//127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://[::1/",
        "",
    ],
)
def test_no_address_leads_inside(url: str) -> None:
    with hook_server(answer(200)) as hook:
        assert fail(url.format(port=hook.port), PUBLIC_ONLY).outcome == "failed"
        assert hook.calls == []


@pytest.fixture
def name_of_loopback(monkeypatch: pytest.MonkeyPatch) -> str:
    """A name in the DNS of somebody else that leads to this machine at the second look, and to a public host before."""
    looks: list[str] = []
    look_up = socket.getaddrinfo

    def answer_name(host: str, port: int, *given: Any, **options: Any) -> Any:
        if host != "rebind.example":
            return look_up(host, port, *given, **options)
        looks.append(host)
        return look_up("192.0.2.1" if len(looks) % 2 else "127.0.0.1", port, *given, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer_name)
    return "rebind.example"


def test_the_connection_goes_to_the_address_that_was_checked(name_of_loopback: str) -> None:
    settings = WebhookSettings(webhook_allowed_networks="192.0.2.0/24", webhook_timeout_seconds=0.3)
    with hook_server(answer(200)) as hook:
        url = f"http://{name_of_loopback}:{hook.port}/hook"
        assert fail(url, settings).outcome == "refused"
        assert fail(url, settings).outcome == "failed"
        assert hook.calls == []


def test_a_name_is_refused_when_one_of_its_addresses_is_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("192.0.2.1", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    network = CheckedNetwork(read_networks("192.0.2.0/24"), 1)
    with pytest.raises(FailedError):
        httpcore.ConnectionPool(network_backend=network).request("POST", "http://two.example/")


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111"])
def test_public_addresses_are_fine(address: str) -> None:
    check_address(ipaddress.ip_address(address), [])


@pytest.mark.parametrize(("networks", "is_allowed"), [("", False), ("10.0.0.0/8, 192.168.1.0/24", True)])
def test_networks_are_opened_one_by_one(networks: str, is_allowed: bool) -> None:
    allowed = read_networks(networks)
    for address in ("10.1.2.3", "192.168.1.9"):
        if is_allowed:
            check_address(ipaddress.ip_address(address), allowed)
        else:
            with pytest.raises(FailedError):
                check_address(ipaddress.ip_address(address), allowed)
    with pytest.raises(FailedError):
        check_address(ipaddress.ip_address("192.168.2.9"), allowed)
