"""Ingest over HTTP beside COPY, by clients and batches, and under attacks: `python -m tests.benchmarks.ingest_load`.

The whole local stack runs. The same number of clients posts the same events to the API, and copies them into a table
with the same indexes on the same server, in turns. Clients, the API and PostgreSQL share the machine's cores.
"""

import json
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

import httpx
import psycopg
from sqlalchemy import Engine, text

from metrics_api.db.database import create_database_engine
from tests.benchmarks import dataset
from tests.support.stack_process import StackProcess
from viral_contract.models.events import Event

ROUNDS = 3
_CLIENTS = (1, 4, 16)
# Events that each measurement stores, by the size of the batches.
_EVENTS = {100: 8_000, 1_000: 48_000, 10_000: 160_000}
_SMALL = (64, 10, 6_400)
_ATTACKERS, _ATTACK_BATCH, _ATTACK_EVENTS = 4, 1_000, 24_000
_NOW = datetime.now(UTC)
_COLUMNS = tuple(
    name
    for name in Event.model_fields
    if name in ("event_id", "event_type", "occurred_at", "ip_address", "device_fingerprint", "link_id", "user_id")
    or name in ("session_id", "user_agent", "landing_page", "conversion_value")
)
_numbers = count(1)
Batch = Sequence[Event]
Change = Callable[[int, Event], Event]


def _make_batches(events: int, size: int, change: Change = lambda _, event: event) -> list[Batch]:
    """Batches that nobody has posted before, each changed as an attack does."""
    made = [dataset.list_batch(next(_numbers), 10_000_000, now=_NOW, size=size) for _ in range(events // size)]
    return [[change(place, event) for place, event in enumerate(batch)] for batch in made]


def _encode(batch: Batch) -> bytes:
    rows = [event.model_dump(mode="json", exclude_none=True) for event in batch]
    return json.dumps({"events": rows}).encode()


def _format_copy(batch: Batch) -> bytes:
    lines = ("\t".join(_format(event.__dict__[name]) for name in _COLUMNS) for event in batch)
    return ("\n".join(lines) + "\n").encode()


def _format(value: object) -> str:
    return "\\N" if value is None else str(value)


class Bench:
    """The stack that is measured."""

    def __init__(self, local: dict[str, str]) -> None:
        self._local = local
        self._engine: Engine = create_database_engine(local["DATABASE_URL"], pool_size=1, statement_timeout=False)
        with self._engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA plain"))
            connection.execute(
                text("CREATE TABLE plain.attribution_events (LIKE public.attribution_events INCLUDING ALL)")
            )

    def post(self, batches: Sequence[Batch], clients: int) -> float:
        """Events a second through the API."""
        return self._share([_encode(batch) for batch in batches], batches, clients, self._post_all)

    def copy(self, batches: Sequence[Batch], clients: int) -> float:
        """Events a second by COPY, a transaction a batch."""
        return self._share([_format_copy(batch) for batch in batches], batches, clients, self._copy_all)

    def count_events(self) -> int:
        """What is stored."""
        with self._engine.begin() as connection:
            return int(connection.execute(text("SELECT count(*) FROM attribution_events")).scalar_one())

    def _share(
        self, bodies: list[bytes], batches: Sequence[Batch], clients: int, work: Callable[[Sequence[bytes]], None]
    ) -> float:
        with ThreadPoolExecutor(clients) as pool:
            started = perf_counter()
            for done in [pool.submit(work, bodies[number::clients]) for number in range(clients)]:
                done.result()
            return sum(map(len, batches)) / (perf_counter() - started)

    def _post_all(self, bodies: Sequence[bytes]) -> None:
        headers = {"Authorization": f"Bearer {self._local['API_TOKEN']}", "Content-Type": "application/json"}
        with httpx.Client(
            base_url=self._local["METRICS_API_URL"], headers=headers, timeout=120, trust_env=False
        ) as http:
            for body in bodies:
                http.post("/v1/events", content=body).raise_for_status()

    def _copy_all(self, bodies: Sequence[bytes]) -> None:
        command = f"COPY plain.attribution_events ({', '.join(_COLUMNS)}) FROM STDIN"
        with psycopg.connect(self._local["DATABASE_URL"]) as connection:
            for body in bodies:
                with connection.cursor().copy(command) as copy:
                    copy.write(body)
                connection.commit()


def measure_sizes(bench: Bench) -> Iterator[str]:
    """A row for each number of clients and size of batches."""
    yield "| clients | events a batch | COPY, events/s | API, events/s | ratio |"
    yield "|--:|--:|--:|--:|--:|"
    cases = [(clients, size, events) for size, events in _EVENTS.items() for clients in _CLIENTS]
    for clients, size, events in [*cases, _SMALL]:
        pairs = [_measure_pair(bench, clients, size, events) for _ in range(ROUNDS)]
        copied, posted = (median(rates) for rates in zip(*pairs, strict=True))
        yield f"| {clients} | {size:,} | {copied:,.0f} | {posted:,.0f} | {posted / copied:.2f} |"


def _measure_pair(bench: Bench, clients: int, size: int, events: int) -> tuple[float, float]:
    batches = _make_batches(events, size)
    return bench.copy(batches, clients), bench.post(batches, clients)


def _list_attacks() -> dict[str, Change]:
    known = [uuid.uuid4() for _ in range(_ATTACK_BATCH)]
    random = Random(1)
    return {
        "one address": lambda _, event: event.model_copy(update={"ip_address": "203.0.113.9"}),
        "one device": lambda _, event: event.model_copy(update={"device_fingerprint": "device-attack"}),
        "one user": lambda _, event: event.model_copy(update={"user_id": "user-attack"}),
        "one referrer": lambda _, event: event.model_copy(update={"referrer_id": "attack", "link_id": None}),
        "all duplicates": lambda place, event: event.model_copy(update={"event_id": known[place]}),
        "late": lambda _, event: event.model_copy(update={"occurred_at": _NOW - timedelta(days=20)}),
        "out of order": lambda _, event: event.model_copy(
            update={"occurred_at": _NOW - timedelta(seconds=random.random() * 7 * 86_400)}
        ),
    }


def measure_attacks(bench: Bench) -> Iterator[str]:
    """A row for each attack, beside ordinary events in turns."""
    yield "| events | ordinary, events/s | attack, events/s | times as slow |"
    yield "|---|--:|--:|--:|"
    for name, change in _list_attacks().items():
        pairs = [
            [
                bench.post(_make_batches(_ATTACK_EVENTS, _ATTACK_BATCH, each), _ATTACKERS)
                for each in (lambda _, event: event, change)
            ]
            for _ in range(ROUNDS)
        ]
        ordinary, attacked = (median(rates) for rates in zip(*pairs, strict=True))
        yield f"| {name} | {ordinary:,.0f} | {attacked:,.0f} | {ordinary / attacked:.2f} |"


def run() -> str:
    """Measure on a stack of its own."""
    with tempfile.TemporaryDirectory() as folder, StackProcess(Path(folder) / "var") as stack:
        bench = Bench(stack.wait_until_ready())
        sizes, attacks = list(measure_sizes(bench)), list(measure_attacks(bench))
        stored = bench.count_events()
    load = os.getloadavg()[1]
    head = (
        f"{ROUNDS} rounds in turns, medians; {stored:,} events at the end; load {load:.0f} on {os.cpu_count()} cores."
    )
    attackers = f"{_ATTACKERS} clients, batches of {_ATTACK_BATCH:,}:"
    return "\n".join([head, "", *sizes, "", attackers, "", *attacks])


if __name__ == "__main__":
    print(run())
