"""What looking for personal information costs at ingest: `python -m tests.benchmarks.event_pii [events]`.

Batches of clean events and batches of which some leak, read from JSON and stored by the product, with and without the
step that replaces, in turns within one run, so that other work on the machine slows both alike.
"""

import io
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Connection

from metrics_api.access.identifiers import References
from metrics_api.access.pseudonyms import Pseudonyms
from metrics_api.db.database import Database, create_database_engine
from metrics_api.db.fact_rules import FactRules
from metrics_api.db.migrate import upgrade
from metrics_api.ingest.event_pii import replace_in_events
from metrics_api.ingest.events import save_events
from metrics_api.pii_scanner.redaction import Redactor
from tests.support.planted_pii import plant
from tests.support.realistic_ids import IN_APP_USER_AGENTS
from viral_cli.local.leftovers import ProcessRecord
from viral_cli.local.merged_log import MergedLog
from viral_cli.local.ports import find_free_port
from viral_cli.local.processes import Children
from viral_cli.local.servers import EmbeddedPostgres
from viral_contract.models.events import Event

BATCH = 2_000
RULES = FactRules()
NOW = datetime(2026, 3, 8, 12, tzinfo=UTC)
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def generate_batch(random: Random, leaking: float) -> list[str]:
    """The JSON of events with every field, of which a share leaks something."""
    planted = plant(random, BATCH)
    events = [_generate_event(random) for _ in range(BATCH)]
    for event, leak in zip(events, planted, strict=True):
        if random.random() < leaking:
            event[leak.field] = leak.written
    return [json.dumps(event) for event in events]


def _generate_event(random: Random) -> dict[str, Any]:
    invite, user = f"{random.getrandbits(48):012x}", random.randrange(400_000)
    return {
        "event_id": str(UUID(int=random.getrandbits(128))),
        "event_type": random.choice(("click",) * 7 + ("visit", "visit", "signup", "conversion")),
        "occurred_at": (NOW - timedelta(seconds=random.random() * 7 * 86_400)).isoformat(),
        "ip_address": f"198.18.{random.randrange(250)}.{random.randrange(250)}",
        "device_fingerprint": f"{random.getrandbits(128):032x}",
        "link_id": f"link-{random.randrange(100_000)}",
        "referrer_id": f"user-{random.randrange(5_000)}",
        "user_id": f"user-{user}",
        "session_id": str(UUID(int=random.getrandbits(128), version=4)),
        "user_agent": random.choice(IN_APP_USER_AGENTS),
        "referrer_url": f"https://app.example.com/share/{random.randrange(10**6)}",
        "landing_page": f"https://www.example.com/invite/{invite}?utm_source=buddy&ref={user}",
        "source": "buddy_challenge",
        "metadata": {"campaign": "fall", "step": random.randrange(5), "variant": "b"},
    }


def _take(connection: Connection, batch: list[str], pseudonyms: Pseudonyms | None) -> None:
    events = [_EVENT.validate_json(each) for each in batch]
    if pseudonyms is None:
        save_events(connection, events, RULES, now=NOW)
        return
    replaced = replace_in_events(events, pseudonyms)
    save_events(connection, replaced.events, RULES, leaks=replaced.leaks, now=NOW)


def measure(database: Database, random: Random, rounds: int, leaking: float) -> tuple[float, float]:
    """Microseconds an event without and with the step: the medians over the rounds."""
    pseudonyms = Pseudonyms(References("a key of the benchmark"), Redactor("US"))
    spent: dict[bool, list[float]] = {False: [], True: []}
    for number in range(2 * rounds):
        for replaces in (number % 2 == 0, number % 2 == 1):
            batch = generate_batch(random, leaking)
            with database.write() as connection:
                started = time.perf_counter()
                _take(connection, batch, pseudonyms if replaces else None)
                spent[replaces].append(time.perf_counter() - started)
    return median(spent[False]) / BATCH * 1e6, median(spent[True]) / BATCH * 1e6


def run(events: int = 80_000) -> str:
    """Measure on a database of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="viral-engine-")))
        children = stack.enter_context(Children(MergedLog(io.StringIO()), ProcessRecord(folder / "processes.json")))
        postgres = EmbeddedPostgres(folder / "postgres", "password", find_free_port(), {"shared_buffers": "256MB"})
        postgres.start(children)
        upgrade(postgres.url)
        engine = create_database_engine(postgres.url, pool_size=2, statement_timeout=False)
        stack.callback(engine.dispose)
        random = Random(3)
        lines = ["| events that leak | without, µs an event | with, µs | speed kept |", "|---|--:|--:|--:|"]
        for leaking in (0, 0.01, 0.2):
            without, replacing = measure(Database(engine), random, max(1, events // BATCH // 4), leaking)
            lines.append(f"| {leaking:.0%} | {without:.0f} | {replacing:.0f} | {without / replacing:.3f} |")
        return "\n".join(lines)


if __name__ == "__main__":
    print(run(int(sys.argv[1])) if len(sys.argv) > 1 else run())
