"""What facts at write time cost, and what they save: `python -m tests.benchmarks.ingest_and_detection [events]`.

Side by side in one run, in one database: the product's own way of storing a batch against COPY into a table with the
same indexes, and against itself without facts; and each question asked of the facts against the same question asked of
the events. Ratios are what counts; the machine's other work moves the seconds.
"""

import io
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from statistics import median

from sqlalchemy import Connection, text

from metrics_api.access.identifiers import Identifiers, References
from metrics_api.db.database import Database, create_database_engine
from metrics_api.db.fact_rules import FactRules
from metrics_api.db.migrate import upgrade
from metrics_api.db.paging import Page
from metrics_api.detection.bots import fetch_bots
from metrics_api.detection.fraud import fetch_fraud
from metrics_api.detection.opt_outs import fetch_opt_outs
from metrics_api.detection.query import Query
from metrics_api.health.evaluation import fetch_health
from metrics_api.ingest.events import save_events
from metrics_api.ingest.staging import classify_events, create_staging, save_new_events
from metrics_api.settings.detection import DetectionSettings
from viral_cli.local.leftovers import ProcessRecord
from viral_cli.local.merged_log import MergedLog
from viral_cli.local.ports import find_free_port
from viral_cli.local.processes import Children
from viral_cli.local.servers import EmbeddedPostgres
from viral_contract.models.events import Event
from viral_contract.models.period import Period

BATCH = 10_000
DAYS = 7
ROUNDS = 5
NOW = datetime(2026, 3, 8, 12, tzinfo=UTC)

_RULES = FactRules()
_USER_AGENTS = [
    f"Mozilla/5.0 (iPhone; CPU iPhone OS {major}_{minor} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    f"Version/{major}.{minor} Mobile/15E148 Safari/604.1"
    for major in range(8, 19)
    for minor in range(20)
]
_FRAUD_FROM_EVENTS = text("""
    SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, ip_address, count(*) FROM attribution_events
    WHERE event_type = 'click' AND occurred_at >= :first AND occurred_at < :behind AND ip_address IS NOT NULL
    GROUP BY 1, 2 HAVING count(*) > 10
""")
_BOTS_FROM_EVENTS = text("""
    SELECT DISTINCT device_fingerprint FROM (
        SELECT device_fingerprint, occurred_at, lag(occurred_at, 2) OVER (
            PARTITION BY device_fingerprint ORDER BY occurred_at) AS third_last
        FROM attribution_events
        WHERE event_type = 'click' AND occurred_at >= :first AND occurred_at < :behind
    ) AS click WHERE occurred_at - third_last <= interval '5 seconds'
""")


def generate_batch(random: Random, size: int) -> list[Event]:
    """Events of a week: mostly ordinary devices, a few busy addresses and fast devices."""
    return [_generate_event(random) for _ in range(size)]


def _generate_event(random: Random) -> Event:
    is_farm = random.random() < 0.02
    device = f"device-{random.randrange(50 if is_farm else 300_000)}"
    ordinary = f"198.18.{random.randrange(250)}.{random.randrange(250)}"
    return Event(
        event_id=uuid.UUID(int=random.getrandbits(128)),
        event_type=random.choice(("click",) * 7 + ("visit", "visit", "signup", "conversion")),
        occurred_at=NOW - timedelta(seconds=random.random() * DAYS * 86_400),
        ip_address=f"198.19.0.{random.randrange(20)}" if is_farm else ordinary,
        device_fingerprint=device,
        referrer_id=f"referrer-{random.randrange(5000)}",
        source="buddy_challenge",
        user_id=f"user-{random.randrange(400_000)}",
        user_agent=random.choice(_USER_AGENTS),
    )


def measure_ingest(database: Database, events: int) -> dict[str, float]:
    """Events a second of each way of storing, in turns, so that other work on the machine slows all alike."""
    random, seconds = Random(1), dict.fromkeys(_WAYS, 0.0)
    for _ in range(events // BATCH):
        for name, save in _WAYS.items():
            batch = generate_batch(random, BATCH)
            seconds[name] += _time(lambda batch=batch, save=save: _save(database, batch, save))
    return {name: events / spent for name, spent in seconds.items()}


def _save(database: Database, batch: list[Event], save: Callable[..., int]) -> None:
    with database.write() as connection:
        save(connection, batch, now=NOW)


def _copy_plainly(connection: Connection, batch: list[Event], *, now: datetime) -> int:  # noqa: ARG001 - as the others.
    names = list(Event.model_fields)
    with connection.connection.cursor().copy(f"COPY plain.attribution_events ({', '.join(names)}) FROM STDIN") as copy:
        for event in batch:
            copy.write_row([getattr(event, name) for name in names])
    return len(batch)


def _save_without_facts(connection: Connection, batch: list[Event], *, now: datetime) -> int:
    connection.execute(text("SET LOCAL search_path = without_facts, public"))
    create_staging(connection)
    return save_new_events(connection, classify_events(batch, _RULES), _RULES, (), now=now).events


def _save_with_facts(connection: Connection, batch: list[Event], *, now: datetime) -> int:
    return save_events(connection, batch, _RULES, now=now)


_WAYS: dict[str, Callable[..., int]] = {
    "plain COPY into a table with the same indexes": _copy_plainly,
    "each event once, credited to its link's referrer": _save_without_facts,
    "the product: the same plus every fact": _save_with_facts,
}


def _time(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure_reads(database: Database) -> Iterator[tuple[str, float, float | None]]:
    """Median milliseconds of each read, from facts and, where there is such a question, from events."""
    period = Period.last_days(DAYS, now=NOW)
    whole = Identifiers(References("a key of the benchmark"), whole=True)
    query = Query(period, DetectionSettings(), NOW, whole, Page(limit=50), DetectionSettings())
    dates = {"first": period.begins_at, "behind": period.ends_before}
    with database.read() as connection:
        for name, fetch, before in (
            ("suspicious clicks", partial(fetch_fraud, trust={}), _FRAUD_FROM_EVENTS),
            ("bots", partial(fetch_bots, trust={}), _BOTS_FROM_EVENTS),
            ("opt-outs", fetch_opt_outs, None),
            ("health score", fetch_health, None),
        ):
            facts = _median_ms(lambda fetch=fetch: fetch(connection, query))
            events = before is not None and _median_ms(lambda before=before: connection.execute(before, dates).all())
            yield name, facts, events or None


def _median_ms(work: Callable[[], object]) -> float:
    return median(_time(work) for _ in range(ROUNDS)) * 1000


def format_results(events: int, ingest: dict[str, float], reads: list[tuple[str, float, float | None]]) -> str:
    """The results as markdown."""
    plain = next(iter(ingest.values()))
    lines = [
        f"{events:,} events of {DAYS} days, stored in batches of {BATCH:,} by one connection:",
        "",
        "| storage method | events/s | ratio |",
        "|---|--:|--:|",
        *(f"| {name} | {rate:,.0f} | {rate / plain:.2f} |" for name, rate in ingest.items()),
        "",
        "| read | from facts, ms | from events, ms | saved |",
        "|---|--:|--:|--:|",
    ]
    for name, milliseconds, before in reads:
        compared = f"{before:,.0f} | {1 - milliseconds / before:.1%}" if before else "– | –"
        lines.append(f"| {name} | {milliseconds:.1f} | {compared} |")
    return "\n".join(lines)


def run(events: int = 500_000) -> str:
    """Measure on a database of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="viral-engine-")))
        record = ProcessRecord(folder / "processes.json")
        children = stack.enter_context(Children(MergedLog(io.StringIO()), record))
        postgres = EmbeddedPostgres(folder / "postgres", "password", find_free_port(), {"shared_buffers": "512MB"})
        postgres.start(children)
        upgrade(postgres.url)
        engine = create_database_engine(postgres.url, pool_size=2, statement_timeout=False)
        stack.callback(engine.dispose)
        with engine.begin() as connection:
            for schema in ("plain", "without_facts"):
                connection.execute(text(f"CREATE SCHEMA {schema}"))
                copied = f"CREATE TABLE {schema}.attribution_events (LIKE public.attribution_events INCLUDING ALL)"
                connection.execute(text(copied))
        database = Database(engine)
        ingest = measure_ingest(database, events)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        return format_results(events, ingest, list(measure_reads(database)))


if __name__ == "__main__":
    print(run(int(sys.argv[1])) if len(sys.argv) > 1 else run())
