"""1000 people who keep the guardrails page open: `python -m tests.benchmarks.dashboard_users`.

The whole local stack runs, with demo data. Everybody has a session of their own, begins at a random moment of the
first half minute, and refreshes every 30 seconds, as the page does by itself; each request is a new connection. The
two ways differ in who looks: viewers share one answer, admins are each answered alone, because every look at whole
identifiers is audited.
"""

import asyncio
import random
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx
from sqlalchemy import Engine, text

from dashboard.security import CSRF_COOKIE, CSRF_HEADER
from dashboard.session import SESSION_COOKIE
from metrics_api.access.secrets import create_secret, hash_secret
from metrics_api.db.database import create_database_engine
from tests.support.stack_process import StackProcess

USERS = 1000
REFRESH_SECONDS = 30
REFRESHES = 3
_PAGE = "/dashboard/guardrails"
_CALLBACK = "/_dash-update-component"
_PEOPLE = text("""
    INSERT INTO people (email, role) SELECT :name || n || '@example.com', :role FROM generate_series(1, :users) AS n
    RETURNING id
""")
_SESSIONS = text("INSERT INTO sessions (secret_hash, person_id, expires_at) VALUES (:hash, :person, :until)")


@dataclass
class Waits:
    """How long answers took in seconds, and what went wrong."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def main() -> None:
    """Measure and print."""
    print(run())


def run() -> str:
    """The measurement as a markdown table."""
    with tempfile.TemporaryDirectory() as folder, StackProcess(Path(folder) / "var", DEMO="1") as stack:
        local = stack.wait_until_ready()
        engine = create_database_engine(local["DATABASE_URL"], pool_size=1)
        rows = [_measure(local["DASHBOARD_URL"], engine, role) for role in ("viewer", "admin")]
    head = [
        "| role | users | refreshes | errors | p50 ms | p95 ms | p99 ms |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    return "\n".join([*head, *rows])


def _measure(url: str, engine: Engine, role: str) -> str:
    secrets = save_sessions(engine, role, USERS, "visitor")
    waits = asyncio.run(_visit_all(url, secrets))
    cuts = [1000 * cut for cut in quantiles(waits.seconds, n=100)]
    if waits.errors:
        print(waits.errors[:3])
    return (
        f"| {role}s | {USERS} | {len(waits.seconds)} | {len(waits.errors)} "
        f"| {cuts[49]:.0f} | {cuts[94]:.0f} | {cuts[98]:.0f} |"
    )


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


async def _visit_all(url: str, secrets: list[str]) -> Waits:
    waits = Waits()
    # No pool: each request of a browser that comes back after half a minute is a new connection.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=30, trust_env=False) as http:
        callback = await _find_callback(http, secrets[0])
        await asyncio.gather(*(_visit(http, secret, callback, waits) for secret in secrets))
    return waits


async def _find_callback(http: httpx.AsyncClient, secret: str) -> dict[str, Any]:
    """What the page's renderer sends to refresh the guardrails."""
    answer = await http.get("/_dash-dependencies", cookies={SESSION_COOKIE: secret})
    found = next(each for each in answer.json() if "guardrails-summary.children" in each["output"])
    outputs = [output.rpartition(".") for output in found["output"].strip(".").split("...")]
    values = {"guardrails-tick.data": None, "url.search": "", "guardrails-shown.data": None}
    return {
        "output": found["output"],
        "outputs": [{"id": component, "property": name} for component, _, name in outputs],
        "inputs": [_fill(each, values) for each in found["inputs"]],
        "state": [_fill(each, values) for each in found["state"]],
        "changedPropIds": ["guardrails-tick.data"],
    }


def _fill(argument: dict[str, str], values: dict[str, Any]) -> dict[str, Any]:
    return {**argument, "value": values[f"{argument['id']}.{argument['property']}"]}


async def _visit(http: httpx.AsyncClient, secret: str, callback: dict[str, Any], waits: Waits) -> None:
    await asyncio.sleep(random.uniform(0, REFRESH_SECONDS))
    token = create_secret()
    cookies = f"{SESSION_COOKIE}={secret}; {CSRF_COOKIE}={token}"
    headers = {"Cookie": cookies, CSRF_HEADER: token, "Origin": str(http.base_url)}
    for _ in range(REFRESHES):
        began = time.monotonic()
        try:
            answer = await http.post(_CALLBACK, json=callback, headers=headers)
            if answer.status_code != 200:
                waits.errors.append(f"{answer.status_code} {answer.text[:200]}")
        except httpx.HTTPError as error:
            waits.errors.append(repr(error))
        took = time.monotonic() - began
        waits.seconds.append(took)
        await asyncio.sleep(max(0, REFRESH_SECONDS - took))


if __name__ == "__main__":
    main()
