"""Ingest and pages while several attacks go on at once: `python -m tests.benchmarks.under_attack`.

The whole local stack runs, with demo data: 250 connections that send a head and never end it to each of the API and
the dashboard, one share a second with the scanner's hardest text, and without a pause a body of 16 MiB whose every
event has fields that nobody knows. Meanwhile somebody posts batches and somebody else opens the guardrails page.
"""

import json
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit

import httpx
import psutil

from dashboard.session import SESSION_COOKIE
from metrics_api.db.database import create_database_engine
from tests.benchmarks.dashboard_users import save_sessions
from tests.support.builders import build_event
from tests.support.stack_process import StackProcess

SECONDS = 60
SLOW_CLIENTS = 250
_PAUSE_SECONDS = 0.2
_HARD_TEXT = "A-" * 32_000 + " School"
_HALF_A_REQUEST = b"GET /dashboard/guardrails HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
_BODY_BYTES = 16 * 1024 * 1024


def main() -> None:
    """Measure and print."""
    print(run())


def run() -> str:
    """The measurement as a markdown table."""
    with tempfile.TemporaryDirectory() as folder, StackProcess(Path(folder) / "var", DEMO="1") as stack:
        local = stack.wait_until_ready()
        before = list_services(stack.process.pid)
        rows = measure(local, "none")
        with attacks(local):
            rows += measure(local, "all at once")
        restarts = len(before - list_services(stack.process.pid))
    head = ["| attacks | operation | requests | failed | p50 ms | p95 ms | max ms |", "|---|---|--:|--:|--:|--:|--:|"]
    return "\n".join([*head, *rows, "", f"Services that ended or were started again meanwhile: {restarts}."])


def list_services(pid: int) -> set[int]:
    """The processes of the stack."""
    return {process.pid for process in psutil.Process(pid).children()}


def measure(local: dict[str, str], attacked: str) -> list[str]:
    """Rows for ingest and for the page, asked at the same time."""
    headers = {"Authorization": f"Bearer {local['API_TOKEN']}"}
    engine = create_database_engine(local["DATABASE_URL"], pool_size=1)
    [secret] = save_sessions(engine, "viewer", 1, attacked)
    with (
        httpx.Client(base_url=local["METRICS_API_URL"], headers=headers, timeout=30, trust_env=False) as api,
        httpx.Client(
            base_url=local["DASHBOARD_URL"], cookies={SESSION_COOKIE: secret}, timeout=30, trust_env=False
        ) as page,
    ):
        asked: dict[str, Callable[[], httpx.Response]] = {
            "ingest of 10 events": lambda: api.post("/v1/events", json={"events": [build_event() for _ in range(10)]}),
            "page": lambda: page.get("/dashboard/guardrails"),
            "healthz of the API": lambda: api.get("/healthz"),
        }
        taken = {what: Waits() for what in asked}
        run_together([lambda what=what, ask=ask: taken[what].repeat(ask) for what, ask in asked.items()])
    return [waits.format(f"{attacked} | {what}") for what, waits in taken.items()]


class Waits:
    """How long answers took, and how many were no success."""

    def __init__(self) -> None:
        self._seconds: list[float] = []
        self._failed = 0

    def repeat(self, ask: Callable[[], httpx.Response]) -> None:
        """Ask again and again for as long as the measurement lasts."""
        until = time.monotonic() + SECONDS
        while (began := time.monotonic()) < until:
            try:
                self._failed += not ask().is_success
            except httpx.HTTPError:
                self._failed += 1
            self._seconds.append(time.monotonic() - began)
            time.sleep(_PAUSE_SECONDS)

    def format(self, what: str) -> str:
        """A row of the table."""
        cuts = [1000 * cut for cut in quantiles(self._seconds, n=20)]
        longest = 1000 * max(self._seconds)
        return f"| {what} | {len(self._seconds)} | {self._failed} | {cuts[9]:.0f} | {cuts[18]:.0f} | {longest:.0f} |"


def run_together(works: list[Callable[[], None]]) -> None:
    """Do these at the same time and wait for all."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def attacks(local: dict[str, str]) -> Iterator[None]:
    """Attack for as long as the block runs."""
    stop = threading.Event()
    headers = {"Authorization": f"Bearer {local['API_TOKEN']}", "Content-Type": "application/json"}
    with ExitStack() as opened:
        for name in ("METRICS_API_URL", "DASHBOARD_URL"):
            opened.enter_context(slow_clients(local[name], stop))
        http = opened.enter_context(
            httpx.Client(base_url=local["METRICS_API_URL"], headers=headers, timeout=120, trust_env=False)
        )
        body = build_body()
        share = {"share_data": {"message": _HARD_TEXT}, "view_count": 0}
        threads = [
            threading.Thread(target=repeat, args=(stop, 1, lambda: http.put("/v1/parent-shares/hard", json=share))),
            threading.Thread(target=repeat, args=(stop, 0, lambda: http.post("/v1/events", content=body))),
        ]
        for thread in threads:
            thread.start()
        yield
        stop.set()
        for thread in threads:
            thread.join()


def repeat(stop: threading.Event, pause_seconds: float, attack: Callable[[], httpx.Response]) -> None:
    """Attack until told to stop; what the server answers does not matter."""
    while not stop.is_set():
        try:
            attack()
        except httpx.HTTPError:
            stop.wait(_PAUSE_SECONDS)
        stop.wait(pause_seconds)


@contextmanager
def slow_clients(url: str, stop: threading.Event) -> Iterator[None]:
    """Connections that never send the end of their request; one that the server closes is opened again."""
    address = urlsplit(url)
    opened: list[socket.socket] = []

    def keep_open() -> None:
        while not stop.is_set():
            for _ in range(SLOW_CLIENTS - len(opened)):
                connection = socket.create_connection((str(address.hostname), address.port or 80))
                connection.sendall(_HALF_A_REQUEST)
                opened.append(connection)
            stop.wait(1)
            opened[:] = [connection for connection in opened if is_open(connection)]

    thread = threading.Thread(target=keep_open)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        for connection in opened:
            connection.close()


def is_open(connection: socket.socket) -> bool:
    """Send one more byte; False once the server has had enough."""
    try:
        connection.sendall(b"x")
        return connection.recv(1, socket.MSG_DONTWAIT) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def build_body() -> bytes:
    """Events with fields that nobody knows, as many as fit into the largest body."""
    event = json.dumps({"event_type": "click", **{f"unknown_{number}": number for number in range(90)}})
    return f'{{"events": [{", ".join([event] * min(10_000, _BODY_BYTES // (len(event) + 2) - 1))}]}}'.encode()


if __name__ == "__main__":
    main()
