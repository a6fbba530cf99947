"""Which clients believe a private authority, and which leave by a proxy, by the variables that the chart sets."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from redis import Redis

from email_worker.settings import WebhookSettings
from email_worker.webhook import call_webhook
from metrics_api.access.open_id import OpenIdProvider, Secrets
from metrics_api.db.database import create_database_engine
from metrics_api.reconciler.loop import connect
from metrics_api.settings.access import SingleSignOnSettings
from report_worker.language_model import write_with_model
from report_worker.settings import AiSettings
from tests.support.report_facts import build_facts
from viral_runtime.observe.trace_redaction import DiscreetExporter
from viral_runtime.web.authorities import trust_authorities

Client = Callable[[int], object]
_WAIT_SECONDS = 10
_SSL_REQUEST_BYTES = 8


def _sign_on(port: int) -> None:
    provider = OpenIdProvider(SingleSignOnSettings(oidc_client_id="us"), f"https://localhost:{port}")
    provider.build_authorization_url("https://us.example.com", Secrets("state", "nonce", "verifier"))


def _ask_model(port: int) -> None:
    settings = AiSettings(ai_insights_url=f"https://localhost:{port}", ai_insights_timeout_seconds=5)
    write_with_model(build_facts(), settings=settings)


def _call_webhook(port: int) -> None:
    settings = WebhookSettings(webhook_allowed_networks="127.0.0.0/8,::1/128", webhook_timeout_seconds=5)
    call_webhook(settings, f"https://localhost:{port}/", b"{}", {})


def _send_trace(port: int) -> None:
    provider = TracerProvider()
    exporter = DiscreetExporter(endpoint=f"https://localhost:{port}/v1/traces", timeout=1)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.get_tracer("test").start_span("one").end()
    exporter.shutdown()


def _ping_redis(port: int) -> None:
    Redis.from_url(f"rediss://localhost:{port}/0", socket_timeout=5).ping()


def _ask_database(port: int) -> None:
    create_database_engine(f"postgresql://us:secret@localhost:{port}/us", pool_size=1).connect()


def _lead(port: int) -> None:
    connect(f"postgresql://us:secret@localhost:{port}/us")


DATABASE = {"_ask_database": _ask_database, "_lead": _lead}
PROXIED = {"sign_on": _sign_on, "model": _ask_model, "trace": _send_trace}
CLIENTS = PROXIED | DATABASE | {"webhook": _call_webhook, "redis": _ping_redis}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own authorities and proxies."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PGSSLROOTCERT", "PGSSLMODE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@contextmanager
def _server(work: Callable[[socket.socket], object]) -> Iterator[tuple[int, list[object]]]:
    """What `work` made of each connection, in order."""
    results: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                connection.settimeout(_WAIT_SECONDS)
                with connection:
                    results.append(work(connection))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], results
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(_WAIT_SECONDS)


def _believes(client: Client, authority: trustme.CA, name: str, *, is_database: bool) -> bool:
    """Whether the client goes on after it saw the server's certificate for this name."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)

    def shake_hands(connection: socket.socket) -> bool:
        if is_database:
            connection.recv(_SSL_REQUEST_BYTES)
            connection.sendall(b"S")
        try:
            with context.wrap_socket(connection, server_side=True) as secured:
                return bool(secured.recv(1))
        except OSError:
            return False

    with _server(shake_hands) as (port, results), suppress(Exception):
        client(port)
    assert results, "the client never came"
    return any(results)


@pytest.fixture
def private(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a pod with privateAuthority, as tests/chart/test_outside.py finds it."""
    path = tmp_path / "ca.crt"
    authority.cert_pem.write_to_path(str(path))
    for name in ("SSL_CERT_FILE", "OTEL_EXPORTER_OTLP_CERTIFICATE", "PGSSLROOTCERT"):
        monkeypatch.setenv(name, str(path))
    monkeypatch.setenv("PGSSLMODE", "verify-full")


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_believes_the_private_authority(name: str, authority: trustme.CA) -> None:
    assert _believes(CLIENTS[name], authority, "localhost", is_database=name in DATABASE)


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_believes_no_certificate_of_another_host(name: str, authority: trustme.CA) -> None:
    assert not _believes(CLIENTS[name], authority, "elsewhere.example.com", is_database=name in DATABASE)


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_believes_no_unknown_authority(
    name: str, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", "system")
    assert not _believes(CLIENTS[name], authority, "localhost", is_database=name in DATABASE)


@pytest.mark.usefixtures("private")
def test_the_authorities_that_everybody_knows_stay_trusted() -> None:
    names = [dict(part[0] for part in found["subject"]) for found in trust_authorities().get_ca_certs()]
    assert len(names) > 50
    assert any("trustme" in str(name) for name in names)


@pytest.mark.parametrize("name", PROXIED)
def test_a_client_leaves_by_the_proxy_unless_the_host_is_inside(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_line(connection: socket.socket) -> bytes:
        return connection.recv(4096).partition(b" HTTP/1.")[0]

    with _server(read_line) as (proxy, asked), _server(read_line) as (port, direct):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
        with suppress(Exception):
            PROXIED[name](port)
        monkeypatch.setenv("NO_PROXY", "localhost")
        with suppress(Exception):
            PROXIED[name](port)
    assert set(asked) == {f"CONNECT localhost:{port}".encode()}
    assert direct


def test_a_webhook_passes_the_proxy_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may only go to addresses that were checked, and a proxy looks names up by itself."""
    with _server(lambda _: True) as (proxy, asked), _server(lambda _: True) as (port, direct):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
        with suppress(Exception):
            _call_webhook(port)
    assert (asked, direct) == ([], [True])
