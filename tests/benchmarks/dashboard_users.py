"""1,000 admins and 1,000 viewers at once, with 1,000 events a second: `python -m tests.benchmarks.dashboard_users`.

The whole local stack runs, with demo data. What a Chromium sends to open the pages Guardrails and Growth and to refresh
them is recorded once. Then everybody, with a session of their own, loads one of the pages with an empty cache at a
random moment of the first minutes and refreshes it every 30 seconds, as it does by itself; each request is a new
connection. Another process posts events meanwhile. With a number as its argument it takes so many people of each role.
"""

import asyncio
import gzip
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx
import psutil
from playwright.sync_api import Request
from sqlalchemy import Engine, text

from dashboard.cookies import CSRF_COOKIE, SESSION_COOKIE
from dashboard.security import CSRF_HEADER
from metrics_api.access.secrets import create_secret, hash_secret
from metrics_api.db.database import create_database_engine
from tests.support.browsing import start_browser, visit
from tests.support.builders import build_event
from tests.support.stack_process import StackProcess

USERS = 1000
REFRESH_SECONDS = 30
LOAD_SECONDS = 120
"""Within which everybody opens their page."""
REFRESHES = 4
EVENTS_PER_SECOND = 1000
_CALLBACK = "/_dash-update-component"
_DEFINITIONS = ("/_dash-layout", "/_dash-dependencies")
_PAGES = {"guardrails": "fraud-body", "growth": "loops-body"}
_PARTS = ("dashboard", "reconciler", "metrics_api", "postgres", "valkey")
_ROLES = ("admin", "viewer")
_PEOPLE = text("""
    INSERT INTO people (email, role) SELECT :name || n || '@example.com', :role FROM generate_series(1, :users) AS n
    RETURNING id
""")
_SESSIONS = text("INSERT INTO sessions (secret_hash, person_id, expires_at) VALUES (:hash, :person, :until)")


@dataclass
class PageCalls:
    """The callbacks that a browser calls when it opens a page, and the one that refreshes it."""

    slug: str
    opening: list[dict[str, Any]]

    @property
    def refresh(self) -> dict[str, Any]:
        """The call that brings the cards."""
        return next(call for call in self.opening if f"{self.slug}-summary.children" in call["output"])


@dataclass
class Waits:
    """How long answers took in seconds by role and what was asked for, and what went wrong."""

    seconds: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)


def main() -> None:
    """Measure and print."""
    print(run(int(sys.argv[1]) if len(sys.argv) > 1 else USERS))


def run(users: int = USERS) -> str:
    """The measurement as a markdown table."""
    with tempfile.TemporaryDirectory() as folder, StackProcess(Path(folder) / "var", DEMO="1") as stack:
        local = stack.wait_until_ready()
        engine = create_database_engine(local["DATABASE_URL"], pool_size=1)
        calls = record_calls(local)
        secrets = {role: save_sessions(engine, role, users, "visitor") for role in _ROLES}
        ingest = subprocess.Popen(
            [sys.executable, "-m", __spec__.name, "ingest", local["METRICS_API_URL"], local["API_TOKEN"]]
        )
        before, load = _cpu_seconds(stack.process.pid), os.getloadavg()[0]
        began = time.monotonic()
        try:
            waits = asyncio.run(_visit_all(local["DASHBOARD_URL"], secrets, calls))
        finally:
            ingest.terminate()
        took = time.monotonic() - began
        after = _cpu_seconds(stack.process.pid)
    used = {name: (after[name] - before.get(name, 0)) / took for name in sorted(after)}
    return _report(waits, users, load, used)


def _report(waits: Waits, users: int, load: float, used: dict[str, float]) -> str:
    head = ["| role | asked for | answers | p50 ms | p95 ms | p99 ms |", "|---|---|--:|--:|--:|--:|"]
    rows = []
    for (role, what), seconds in sorted(waits.seconds.items()):
        cuts = [1000 * cut for cut in quantiles(seconds, n=100)]
        rows.append(f"| {role}s | {what} | {len(seconds)} | {cuts[49]:.0f} | {cuts[94]:.0f} | {cuts[98]:.0f} |")
    own = resource.getrusage(resource.RUSAGE_SELF)
    shares = ", ".join(f"{name} {share:.2f}" for name, share in used.items() if share >= 0.01)
    about = (
        f"{users} of each role, {len(waits.errors)} errors, {os.cpu_count()} cores, load before {load:.1f} and after "
        f"{os.getloadavg()[0]:.1f}; cores used: {shares}; the generator {own.ru_utime + own.ru_stime:.0f} s of CPU"
    )
    return "\n".join([*head, *rows, "", about, *waits.errors[:5]])


def _cpu_seconds(pid: int) -> dict[str, float]:
    """What each service of the stack has computed so far."""
    seconds: dict[str, float] = defaultdict(float)
    for process in psutil.Process(pid).children(recursive=True):
        try:
            words, times = process.cmdline(), process.cpu_times()
        except psutil.Error:
            continue
        name = next((part for part in _PARTS if any(part in word for word in words)), "others")
        seconds[name] += times.user + times.system
    return seconds


def record_calls(local: dict[str, str]) -> list[PageCalls]:
    """What a browser sends when a viewer opens each page."""
    executable = shutil.which("chromium")
    if executable is None:
        raise SystemExit("no Chromium is installed: apt-get install chromium")
    recorded = []
    with start_browser(executable) as browser, visit(browser, local["DASHBOARD_URL"]) as guest:
        guest.open("/login")
        guest.sign_in(local["ADMIN_EMAIL"], local["ADMIN_PASSWORD"])
        guest.page.wait_for_url("**/dashboard/guardrails")
        for slug, card in _PAGES.items():
            sent: list[dict[str, Any]] = []
            note = partial(_note_call, sent)
            guest.page.on("request", note)
            guest.open(f"/dashboard/{slug}")
            guest.page.locator(f"#{card} > *").first.wait_for()
            guest.page.wait_for_load_state("networkidle")
            guest.page.remove_listener("request", note)
            recorded.append(PageCalls(slug, sent))
    return recorded


def _note_call(sent: list[dict[str, Any]], request: Request) -> None:
    if _CALLBACK in request.url:
        sent.append(request.post_data_json)


def save_sessions(engine: Engine, role: str, users: int, name: str) -> list[str]:
    """The secrets of sessions of so many new people of a role."""
    until = datetime.now(UTC) + timedelta(hours=1)
    with engine.begin() as connection:
        people = connection.execute(_PEOPLE, {"role": role, "users": users, "name": f"{name} {role}"}).scalars().all()
        secrets = [create_secret() for _ in people]
        rows = [
            {"hash": hash_secret(secret), "person": person, "until": until}
            for secret, person in zip(secrets, people, strict=True)
        ]
        connection.execute(_SESSIONS, rows)
    return secrets


async def _visit_all(url: str, secrets: dict[str, list[str]], calls: list[PageCalls]) -> Waits:
    waits = Waits()
    people = [(role, secret) for role, own in secrets.items() for secret in own]
    await asyncio.gather(
        *(
            Person(url, role, secret, calls[number % len(calls)], waits).visit()
            for number, (role, secret) in enumerate(people)
        )
    )
    return waits


class Person:
    """Somebody with a session, and the page that they keep open."""

    def __init__(self, url: str, role: str, secret: str, calls: PageCalls, waits: Waits) -> None:
        self._host, _, self._port = url.removeprefix("http://").partition(":")
        self._role, self._calls, self._waits = role, calls, waits
        token = create_secret()
        self._head = (
            f"Host: {self._host}:{self._port}\r\nOrigin: {url}\r\nConnection: close\r\nAccept-Encoding: gzip\r\n"
            f"Cookie: {SESSION_COOKIE}={secret}; {CSRF_COOKIE}={token}\r\n{CSRF_HEADER}: {token}\r\n"
        )
        self._shown: Any = None

    async def visit(self) -> None:
        """Open the page at a random moment, and refresh it."""
        await asyncio.sleep(random.uniform(0, LOAD_SECONDS))
        began = time.monotonic()
        await self._timed("document", "GET", f"/dashboard/{self._calls.slug}")
        await asyncio.gather(*(self._timed("definitions", "GET", path) for path in _DEFINITIONS))
        await asyncio.gather(*(self._call("callback", call) for call in self._calls.opening))
        self._waits.seconds[self._role, "whole page"].append(time.monotonic() - began)
        for _ in range(REFRESHES):
            await asyncio.sleep(REFRESH_SECONDS)
            await self._call("refresh", self._calls.refresh)

    async def _call(self, what: str, call: dict[str, Any]) -> None:
        is_refresh = call is self._calls.refresh
        if is_refresh:
            call = {**call, "state": [{**each, "value": self._shown} for each in call["state"]]}
        answer = await self._timed(what, "POST", _CALLBACK, json.dumps(call).encode())
        if is_refresh and answer:
            shown = json.loads(answer)["response"].get(f"{self._calls.slug}-shown")
            self._shown = shown["data"] if shown else self._shown

    async def _timed(self, what: str, method: str, path: str, body: bytes = b"") -> bytes:
        began = time.monotonic()
        try:
            status, answer = await asyncio.wait_for(self._send(method, path, body), timeout=30)
            if status >= 400:
                self._waits.errors.append(f"{what} {status} {answer[:200]!r}")
                answer = b""
        except (OSError, ValueError, IndexError, TimeoutError) as error:
            self._waits.errors.append(f"{what} {error!r}")
            answer = b""
        self._waits.seconds[self._role, what].append(time.monotonic() - began)
        return answer

    async def _send(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body. Not by a library: one would need more of the cores than the services."""
        reader, writer = await asyncio.open_connection(self._host, int(self._port))
        about = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        writer.write(f"{method} {path} HTTP/1.1\r\n{self._head}{about}\r\n".encode() + body)
        whole = await reader.read(-1)
        writer.close()
        head, _, answer = whole.partition(b"\r\n\r\n")
        packed = b"content-encoding: gzip" in head.lower()
        return int(head.split(b" ", 2)[1]), gzip.decompress(answer) if packed else answer


def post_events(url: str, token: str) -> None:
    """Post a batch each second, for as long as the process lives."""
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False) as http:
        while True:
            began, now = time.monotonic(), datetime.now(UTC)
            events = [
                build_event(
                    at=now,
                    ip_address=f"203.0.{random.randint(0, 255)}.{random.randint(0, 255)}",
                    device_fingerprint=f"device-{random.randint(0, 100_000)}",
                )
                for _ in range(EVENTS_PER_SECOND)
            ]
            http.post("/v1/events", json={"events": events}).raise_for_status()
            time.sleep(max(0, 1 - (time.monotonic() - began)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["ingest"]:
        post_events(*sys.argv[2:])
    else:
        main()
