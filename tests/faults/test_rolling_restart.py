"""Every process is replaced as Kubernetes does it, one after the other by SIGTERM and under load: nothing is lost."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, text

from tests.support.api_fixtures import IDENTIFIER_KEY, create_token
from tests.support.api_server import connect, start_api
from tests.support.builders import build_event
from tests.support.tcp_proxy import TcpProxy, tcp_proxy
from tests.support.worker_processes import RealProcess, running
from viral_cli.local.ports import find_free_port
from viral_cli.local.processes import Children, Program
from viral_contract.models.people import Scope

pytestmark = pytest.mark.slow
_SECONDS = 60
_DRAIN_SECONDS = 3
_CLIENTS = 4
# What each client must have been answered before, between and after the replacements.
_ANSWERS = 20
_EMAIL = "admin@example.com"
_PASSWORD = "a password for tests"
Request = Callable[[httpx.Client], httpx.Response]


class Load:
    """Clients that each ask without a pause, half of them by a new connection each time."""

    def __init__(self, url: str, request: Request, **options: object) -> None:
        self.failures: list[str] = []
        self.answers = [0] * _CLIENTS
        self._connect = partial(httpx.Client, base_url=url, timeout=_SECONDS, trust_env=False, **options)
        self._request = request
        self._stop = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Ask until the end of the block."""
        threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(_CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _ask(self, number: int) -> None:
        with self._connect(limits=httpx.Limits(max_keepalive_connections=number % 2)) as client:
            while not self._stop.is_set():
                self._ask_once(number, client)

    def _ask_once(self, number: int, client: httpx.Client) -> None:
        try:
            answer = self._request(client)
        except httpx.TransportError as error:
            self.failures.append(repr(error))
            return
        self.answers[number] += 1
        if not answer.is_success:
            self.failures.append(f"{answer.status_code} {answer.text}")


class Rollout:
    """Web processes behind a proxy, replaced one after the other."""

    def __init__(self, proxy: TcpProxy, children: Children, start: Callable[[int], RealProcess]) -> None:
        self.proxy = proxy
        self._children = children
        self._start = start
        self._running: list[tuple[int, RealProcess]] = []

    def add(self) -> None:
        """Start one more process and wait until it gets requests."""
        port = find_free_port()
        self._running.append((port, self._start(port)))
        self.proxy.add(port)
        self.wait_until(lambda: self.proxy.is_ready(port), f"The process on port {port}")

    def replace_all(self, load: Load) -> None:
        """For each process: start another, let it serve, and end the old one."""
        for port, old in list(self._running):
            self._let_answer(load)
            assert self.proxy.connections[port]
            self.add()
            self._let_answer(load)
            assert old.stop() == 0
        self._let_answer(load)

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        self._children.wait_until(is_so, what, seconds=_SECONDS)

    def _let_answer(self, load: Load) -> None:
        enough = [number + _ANSWERS for number in load.answers]
        self.wait_until(lambda: all(map(int.__ge__, load.answers, enough)) or bool(load.failures), "The answers")
        assert not load.failures


@pytest.fixture
def roll_out(servers: tuple[Children, Path]) -> Iterator[Callable[..., Rollout]]:
    """Starts two processes of one service behind a proxy."""
    with ExitStack() as stack:
        proxy = stack.enter_context(tcp_proxy())

        def roll_out(service: list[str], port_setting: str, **environment: str) -> Rollout:
            settings = {**environment, "SHUTDOWN_DRAIN_SECONDS": str(_DRAIN_SECONDS)}
            rollout = Rollout(
                proxy,
                servers[0],
                lambda port: stack.enter_context(running(*service, **settings, **{port_setting: str(port)})),
            )
            rollout.add()
            rollout.add()
            return rollout

        yield roll_out


@pytest.fixture
def stores(database_url: str, redis_url: str) -> dict[str, str]:
    """What the metrics API needs."""
    return {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "IDENTIFIER_KEY": IDENTIFIER_KEY}


def test_replacing_the_metrics_api_loses_no_event(
    roll_out: Callable[..., Rollout], stores: dict[str, str], empty_database: Engine
) -> None:
    token = create_token(empty_database, Scope.EVENTS_WRITE)
    rollout = roll_out(["metrics_api", "web"], "METRICS_API_PORT", METRICS_API_THREADS="8", **stores)
    load = Load(
        rollout.proxy.url,
        lambda client: client.post("/v1/events", json={"events": [build_event()]}),
        headers={"Authorization": f"Bearer {token}"},
    )
    with load.running():
        rollout.replace_all(load)
    assert load.failures == []
    with empty_database.connect() as connection:
        saved = connection.execute(text("SELECT count(*) FROM attribution_events")).scalar_one()
    assert saved == sum(load.answers)


def test_replacing_the_dashboard_fails_no_page(
    roll_out: Callable[..., Rollout], servers: tuple[Children, Path], stores: dict[str, str], empty_database: Engine
) -> None:
    assert empty_database
    token = "t" * 32
    admin = {"ADMIN_EMAIL": _EMAIL, "ADMIN_PASSWORD": _PASSWORD, "DASHBOARD_TOKEN": token}
    admin |= {"REPORT_WORKER_TOKEN": "r" * 32, "EMAIL_WORKER_TOKEN": "e" * 32}
    settings = [f"{name}={value}" for name, value in {**stores, **admin}.items()]
    servers[0].run(Program("bootstrap", ["env", *settings, sys.executable, "-m", "metrics_api", "bootstrap"]))
    api_url = start_api(servers[0], **stores)
    rollout = roll_out(["dashboard"], "DASHBOARD_PORT", METRICS_API_URL=api_url, DASHBOARD_TOKEN=token)
    load = Load(rollout.proxy.url, lambda client: client.get("/dashboard/guardrails"), cookies=sign_in(rollout))
    with load.running():
        rollout.replace_all(load)
    assert load.failures == []


def sign_in(rollout: Rollout) -> httpx.Cookies:
    """The cookies of somebody who is signed in."""
    with httpx.Client(base_url=rollout.proxy.url, trust_env=False) as client:
        client.get("/login")
        form = {"email": _EMAIL, "password": _PASSWORD, "csrf_token": client.cookies["_csrf_token"]}
        assert client.post("/login", data=form).status_code == httpx.codes.SEE_OTHER
        return client.cookies


def test_replacing_report_workers_leaves_no_report_unwritten(
    servers: tuple[Children, Path], stores: dict[str, str], empty_database: Engine
) -> None:
    url = start_api(servers[0], **stores)
    token = create_token(empty_database, Scope.JOBS_REPORTS)
    environment = {**stores, "METRICS_API_URL": url, "REPORT_WORKER_TOKEN": token}
    days = [f"2026-01-{number:02}" for number in range(1, 31)]
    with connect(url, empty_database, *Scope) as http, ExitStack() as stack:

        def count(status: str) -> int:
            reports = http.get("/v1/reports", params={"limit": len(days)}).json()["reports"]
            return [report["status"] for report in reports].count(status)

        def start() -> RealProcess:
            return stack.enter_context(running("report_worker", "work", "performance_reports", **environment))

        for day in days:
            request = {"report_type": "custom", "period_start": day, "period_end": day}
            assert http.post("/v1/reports", json=request).is_success
        workers = [start(), start()]
        for number, old in enumerate(workers, 1):
            servers[0].wait_until(lambda least=4 * number: count("ready") >= least, "Reports", seconds=_SECONDS)
            start()
            assert old.stop() == 0
        servers[0].wait_until(lambda: count("ready") == len(days), "Every report", seconds=_SECONDS)
        attempts = [http.get(f"/v1/reports/{number}").json()["attempt"] for number in range(1, len(days) + 1)]
    assert attempts == [1] * len(days)
