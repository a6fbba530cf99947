"""Reads of cases and credibility at 5 million events: `python -m tests.benchmarks.cases_and_credibility [events]`.

The whole local stack runs, and one client asks the API over loopback, each read in turn, so that other work on the
machine slows all alike. /healthz, which asks the database nothing, says how much of a time is not the read's own.
What is kept to be fast is asked in turns with the same question without it.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any

import httpx
from sqlalchemy import Connection, Engine, create_engine, text

from metrics_api.cases.stakes import count_stakes
from metrics_api.db.tables import MOST_CONNECTED_USERS
from tests.support.stack_process import StackProcess

EVENTS = 5_000_000
DAYS = 56
ROUNDS = 300
_NOT_COUNTED = 20
# The first index of a table is its primary key's.
_INDEXES = text("""
    SELECT indexname, indexdef FROM pg_indexes
    WHERE tablename = 'attribution_events' AND indexname NOT LIKE '%pkey' ORDER BY indexname
""")
# One of a hundred events is of one referrer, on one of 20 devices, from one of 4 networks.
_EVENTS = """
    INSERT INTO attribution_events (event_id, event_type, occurred_at, ip_address, device_fingerprint, link_id,
        referrer_id, source, user_id, user_agent, traffic_class, classifier_version)
    SELECT gen_random_uuid(), (ARRAY['click', 'click', 'click', 'click', 'click', 'click', 'click', 'visit', 'visit',
            CASE n / 10 % 2 WHEN 0 THEN 'signup' ELSE 'conversion' END])[n % 10 + 1],
        now() - (:events - n) * interval '{days} days' / :events,
        inet '10.0.0.0' + CASE WHEN is_farm THEN user_number % 4 ELSE 256 + user_number * 7 % 62500 END,
        'device-' || CASE WHEN is_farm THEN user_number % 20 ELSE 20 + user_number * 3 % 300000 END,
        'link-' || referrer, 'referrer-' || referrer, 'buddy_challenge',
        'user-' || user_number, 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X)', 'human', 1
    FROM generate_series(1, CAST(:events AS bigint)) AS n
        CROSS JOIN LATERAL (
            SELECT abs(hashint8(n)) % 100 = 0 AS is_farm, abs(hashint8(-n)) % 400000 AS user_number
        ) AS drawn
        CROSS JOIN LATERAL (
            SELECT CASE WHEN is_farm THEN 0 ELSE 1 + abs(hashint8(n + 7)) % 5000 END AS referrer
        ) AS credited
"""
_DAY = "(occurred_at AT TIME ZONE 'UTC')::date"
_FACTS = (
    f"""INSERT INTO clicks_per_ip_day SELECT {_DAY}, ip_address, count(*), count(DISTINCT device_fingerprint),
        count(DISTINCT referrer_id), count(*) FROM attribution_events WHERE event_type = 'click' GROUP BY 1, 2""",
    f"""INSERT INTO clicks_per_device_day SELECT {_DAY}, device_fingerprint, count(*), min(occurred_at),
        max(occurred_at) FROM attribution_events WHERE event_type = 'click' GROUP BY 1, 2""",
    """INSERT INTO bursts_per_device_day (day, device_fingerprint, span_2, span_3)
        SELECT day, device_fingerprint, '1 s', '2 s' FROM clicks_per_device_day WHERE clicks > 5""",
    f"""INSERT INTO activity_per_referrer_day SELECT {_DAY}, referrer_id, source, 0,
        count(*) FILTER (WHERE event_type = 'click'), count(*) FILTER (WHERE event_type = 'visit'),
        count(*) FILTER (WHERE event_type = 'signup'), count(*) FILTER (WHERE event_type = 'conversion'), 0, 0
        FROM attribution_events GROUP BY 1, 2, 3""",
    f"""INSERT INTO referrals (event_id, day, occurred_at, event_type, referrer_id, person, user_id,
        device_fingerprint, network, link_id, source)
        SELECT event_id, {_DAY}, occurred_at, event_type, referrer_id, 'user:' || user_id, user_id,
            device_fingerprint, ip_address, link_id, source
        FROM attribution_events WHERE event_type IN ('signup', 'conversion')""",
    f"""INSERT INTO device_users SELECT device_fingerprint, user_id, min({_DAY}), max({_DAY}),
            count(*) OVER (PARTITION BY device_fingerprint) BETWEEN 2 AND {MOST_CONNECTED_USERS}
        FROM attribution_events GROUP BY 1, 2""",
)
# Of every status and kind, as if the rules had found the first of each kind.
_CASES = """
    INSERT INTO cases (kind, entity, status, status_at, opened_at, rules, strength, evidence, source, clicks,
        first_seen, last_seen, verdict, reason, decided_at, decided_by)
    SELECT kind, entity, status, now() - n * interval '1 minute', now() - n * interval '1 minute', ARRAY[rule],
        'flags', jsonb_build_array(jsonb_build_object('rule', rule, 'strength', 'flags', 'statistic', 9, 'expected', 3,
            'p', 0.0001, 'n', 40, 'evidence', jsonb_build_object('days', 3, 'clicks', 40))),
        'buddy_challenge', 1000 - n % 1000, now() - interval '55 days', now(), verdict, verdict,
        CASE WHEN verdict IS NOT NULL THEN now() - n * interval '1 minute' END, verdict
    FROM (VALUES ('referrer', 'ring', 1000), ('device', 'burst', 2000), ('network', 'over_limit', 1500),
            ('link', 'denied', 500)) AS of_kind (kind, rule, most)
        CROSS JOIN LATERAL generate_series(0, most - 1) AS n
        CROSS JOIN LATERAL (SELECT CASE kind WHEN 'network'
            THEN host(inet '10.0.0.0' + CASE WHEN n < 4 THEN n ELSE 252 + n END) ELSE kind || '-' || n END AS entity
        ) AS named
        CROSS JOIN LATERAL (SELECT (ARRAY['open', 'open', 'decided', 'closed'])[n % 4 + 1] AS status) AS stored
        CROSS JOIN LATERAL (SELECT CASE status WHEN 'decided' THEN
            (ARRAY['fraud', 'legitimate'])[n / 4 % 2 + 1] END AS verdict) AS decided
"""
_COLUMNS = {
    "referrer": "referrer_id",
    "device": "device_fingerprint",
    "network": "host(ip_address)",
    "link": "link_id",
}
_CONVERSIONS = tuple(
    f"""INSERT INTO case_conversions SELECT id, event_id, {_DAY}, true
        FROM cases JOIN attribution_events ON event_type = 'conversion' AND {column} = entity
        WHERE kind = '{kind}' AND status <> 'closed'"""
    for kind, column in _COLUMNS.items()
)
_HISTORY = (
    "UPDATE cases SET conversions = (SELECT count(*) FROM case_conversions WHERE case_id = id)",
    "INSERT INTO case_changes (case_id, changed_at, kind, rules) SELECT id, opened_at, 'opened', rules FROM cases",
    """INSERT INTO case_verdicts (case_id, verdict, reason, decided_at, decided_by)
        SELECT id, verdict, reason, decided_at, decided_by FROM cases WHERE verdict IS NOT NULL""",
)
_LISTS = """
    INSERT INTO entity_lists (list, kind, value, reason, created_at, created_by)
    SELECT (ARRAY['allow', 'deny', 'watch'])[n % 3 + 1], kind,
        CASE kind WHEN 'network' THEN format('172.16.%s.0/24', n) ELSE kind || '-of-a-list-' || n END,
        'benchmark', now(), 'benchmark'
    FROM unnest(ARRAY['network', 'device', 'referrer', 'user_agent', 'link']) AS kind, generate_series(0, 199) AS n
"""


def load(connection: Connection, events: int) -> None:
    """Store the events with what is known of them, and cases about a part of them."""
    indexes = connection.execute(_INDEXES).all()
    for name, _ in indexes:
        connection.execute(text(f"DROP INDEX {name}"))
    connection.execute(text(_EVENTS.format(days=DAYS)), {"events": events})
    for _, definition in indexes:
        connection.execute(text(definition))
    connection.execute(text("ANALYZE"))
    for statement in (*_FACTS, _CASES, *_CONVERSIONS, *_HISTORY, _LISTS):
        connection.execute(text(statement))
    count_stakes(connection)


_FIRST = "SELECT id FROM cases WHERE kind = :kind AND status = 'open' ORDER BY conversions DESC LIMIT 50"
_SOME_CASES = "SELECT id FROM cases WHERE status <> 'closed' ORDER BY random() LIMIT 500"
_SOME_CONVERSIONS = "SELECT event_id FROM referrals WHERE event_type = 'conversion' ORDER BY random() LIMIT 1000"
_AT_STAKE = "SELECT event_id FROM case_conversions ORDER BY random() LIMIT 1000"
# As lists counted before: each conversion of every case.
_FROM_CONVERSIONS = text("""
    SELECT count(*), count(*) FILTER (WHERE is_flagged) FROM (
        SELECT bool_or(is_flagged) AS is_flagged FROM case_conversions JOIN cases ON id = case_id
        WHERE status = :status GROUP BY event_id
    ) AS conversion
""")
_FROM_STAKES = text("""
    SELECT sum(CASE number WHEN 0 THEN alone ELSE together END),
        sum(CASE WHEN number = 0 THEN flagged_alone WHEN is_flagged THEN together END)
    FROM (
        SELECT greatest(stake, 0) AS number, sum(conversions::int) AS alone,
            sum(conversions::int) FILTER (WHERE is_flagged) AS flagged_alone, max(case_stakes.conversions) AS together,
            bool_or(is_flagged) AS is_flagged
        FROM case_stakes JOIN (SELECT id FROM cases WHERE status = :status) AS matching ON id = case_id GROUP BY number
    ) AS counted
""")
Reads = dict[str, Callable[[], str]]


def list_reads(connection: Connection, random: Random) -> Reads:
    """What is read by name: each returns a path."""

    def draw(statement: str, path: str, **values: str) -> Callable[[], str]:
        found = connection.execute(text(statement), values).scalars().all()
        return lambda: path.format(random.choice(found))

    lists = {
        "": "list of cases",
        "?order=newest": "the newest",
        "?kind=network": "of networks",
        "?status=decided": "decided ones",
        "?q=referrer-4": "searched",
    }
    return {
        "/healthz": lambda: "/healthz",
        **{name: lambda query=query: f"/v1/cases{query}" for query, name in lists.items()},  # type: ignore[misc]
        "a case": draw(_SOME_CASES, "/v1/cases/{}"),
        **{
            f"{what} of a {kind}, most at stake": draw(_FIRST, f"/v1/cases/{{}}/{what}", kind=kind)
            for what in ("graph", "timeline")
            for kind in _COLUMNS
        },
        "credibility": draw(_SOME_CONVERSIONS, "/v1/conversions/{}/credibility"),
        "credibility of what is at stake": draw(_AT_STAKE, "/v1/conversions/{}/credibility"),
    }


def measure(url: str, token: str, reads: Reads, rounds: int) -> Iterator[str]:
    """A row of the table for each read; the first rounds are not counted."""
    taken: dict[str, list[float]] = {name: [] for name in reads}
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False) as http:
        for number in range(rounds + _NOT_COUNTED):
            for name, choose in reads.items():
                path, began = choose(), time.perf_counter()
                http.get(path).raise_for_status()
                if number >= _NOT_COUNTED:
                    taken[name].append(1000 * (time.perf_counter() - began))
    for name, each in taken.items():
        yield f"| {name} | {min(each):.1f} | {median(each):.1f} | {quantiles(each, n=20)[18]:.1f} |"


def compare_counts(engine: Engine) -> Iterator[str]:
    """A row of the table for each status: what a list counts, from all conversions and from the summary."""
    with engine.connect() as connection:
        for status in ("open", "decided"):
            taken: dict[Any, list[float]] = {_FROM_CONVERSIONS: [], _FROM_STAKES: []}
            for _ in range(50):
                answers = []
                for statement, each in taken.items():
                    began = time.perf_counter()
                    answers.append(tuple(connection.execute(statement, {"status": status}).one()))
                    each.append(1000 * (time.perf_counter() - began))
                assert answers[0] == answers[1]
            before, after = map(median, taken.values())
            yield f"| {status}, {answers[0][0]:,} conversions | {before:.1f} | {after:.1f} | {before / after:.1f} |"


def run(events: int = EVENTS, rounds: int = ROUNDS) -> str:
    """The measurement as markdown."""
    settings = {"EVALUATION_SECONDS": "3600", "RATE_LIMIT_REQUESTS_PER_MINUTE": "0"}
    with tempfile.TemporaryDirectory() as folder, StackProcess(Path(folder) / "var", **settings) as stack:
        local = stack.wait_until_ready()
        url = local["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1)
        engine = create_engine(url, connect_args={"options": "-c work_mem=256MB -c maintenance_work_mem=512MB"})
        with engine.begin() as connection:
            load(connection, events)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
            reads = list_reads(connection, Random(1))
            cases, entries = connection.execute(_SIZES).one()
        before = os.getloadavg()[0]
        rows = list(measure(local["METRICS_API_URL"], local["API_TOKEN"], reads, rounds))
        load_averages = f"{before:.1f} to {os.getloadavg()[0]:.1f}"
        compared = list(compare_counts(engine))
        engine.dispose()
    head = (
        f"{events:,} events of {DAYS} days, {cases:,} cases, {entries:,} entries on lists; one client, {rounds} times "
        f"each, load {load_averages} on {os.cpu_count()} cores:"
    )
    counted = ["| stake of a list | from conversions, median ms | from the summary | ratio |", "|---|--:|--:|--:|"]
    return "\n".join(
        [head, "", "| read | min ms | median | p95 |", "|---|--:|--:|--:|", *rows, "", *counted, *compared]
    )


_SIZES = text("SELECT (SELECT count(*) FROM cases), (SELECT count(*) FROM entity_lists)")


if __name__ == "__main__":
    print(run(int(sys.argv[1])) if len(sys.argv) > 1 else run())
