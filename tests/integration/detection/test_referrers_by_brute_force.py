"""The rules about referrers equal what DuckDB finds in the same events by asking them one by one."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import duckdb
import pytest
from scipy.stats import binomtest, false_discovery_control, poisson
from sqlalchemy import Connection

from metrics_api.access.identifiers import References
from metrics_api.detection.query import build_masked_query
from metrics_api.detection.referrers.evidence import find_referrer_evidence
from metrics_api.settings.detection import DetectionSettings
from tests.support.api_fixtures import Api
from tests.support.builders import build_event
from tests.support.referrals import END, SCHOOL, START, Referral, Use, save_referrals, save_shared_network
from viral_contract.models.period import Period

Found = dict[str, set[str]]
MOST_FALSE = 0.001


def find(connection: Connection) -> Found:
    """Whom each rule finds."""
    period = Period.between(START.date(), END.date())
    query = build_masked_query(period, DetectionSettings(), References("a key"), now=datetime(2026, 3, 5, tzinfo=UTC))
    found: Found = defaultdict(set)
    for each in find_referrer_evidence(connection, query):
        for finding in each.findings:
            found[finding.rule].add(each.referrer_id)
    return dict(found)


def build_click_log(random: Random) -> Iterator[tuple[str, str, datetime, float | None]]:
    """Channel, device, time of the click, and after how many seconds the device converted, if at all.

    Such logs are what advertising networks publish: many clicks, few conversions, and channels instead of people.
    """
    for channel in range(30):
        clicks, rate = (400, 0) if channel < 3 else (40, 0.8) if channel < 6 else (random.randint(20, 300), 0.1)
        for number in range(clicks):
            took = random.lognormvariate(6, 1.2)
            if 6 <= channel < 9:
                rate, took = 0.4, random.uniform(1, 8) if number % 3 else took
            if 9 <= channel < 12:
                rate, took = 0.4, random.uniform(4000, 90_000)
            at = START + timedelta(days=random.uniform(1, 50))
            yield f"channel-{channel}", f"{channel}-{number}", at, took if random.random() < rate else None


COMPARED = """
    SELECT one.channel, one.pairs, one.fast, one.late, one.clicks, one.conversions,
        sum(other.pairs) AS others_pairs, sum(other.fast) AS others_fast, sum(other.late) AS others_late,
        sum(other.clicks) AS others_clicks, sum(other.conversions) AS others_conversions
    FROM counted AS one JOIN counted AS other ON other.channel <> one.channel GROUP BY ALL ORDER BY one.channel
"""
COUNTED = """
    CREATE TABLE counted AS SELECT channel, count(*) AS clicks, count(took) AS conversions, count(took) AS pairs,
        count(*) FILTER (WHERE took < 10) AS fast, count(*) FILTER (WHERE took > 3600) AS late
    FROM log GROUP BY channel
"""


def judge_log(log: list[tuple[str, str, datetime, float | None]]) -> Found:
    """Whom the rules that compare channels must find."""
    database = duckdb.connect()
    database.execute("CREATE TABLE log (channel TEXT, device TEXT, moment TIMESTAMPTZ, took DOUBLE)")
    database.executemany("INSERT INTO log VALUES (?, ?, ?, ?)", log)
    database.execute(COUNTED)
    cursor = database.execute(COMPARED)
    names = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        row["expected"] = row["clicks"] * row["others_conversions"] / row["others_clicks"]
    fast = [row for row in rows if row["pairs"] >= 20]
    late = [row for row in rows if row["pairs"] >= 30]
    large = [row for row in rows if row["expected"] >= 5]
    clicked = [row for row in rows if row["clicks"] >= 20]
    found = {
        "too_fast": {
            row["channel"] for row in discover(fast, [find_p(row, "fast") for row in fast]) if row["fast"] > 2
        },
        "flood": {row["channel"] for row in discover(late, [find_p(row, "late") for row in late])},
        "clicks_without_conversions": {
            row["channel"]
            for row in discover(large, [poisson.cdf(row["conversions"], row["expected"]) for row in large])
        },
        "too_good": {
            row["channel"]
            for row in discover(clicked, [poisson.sf(row["conversions"] - 1, row["expected"]) for row in clicked])
            if row["conversions"] > 3 * row["expected"]
        },
    }
    return {rule: channels for rule, channels in found.items() if channels}


def find_p(row: dict[str, Any], name: str) -> float:
    """The exact p value of a share that is greater than the others'."""
    share = max(row[f"others_{name}"] / row["others_pairs"], 0.01)
    return float(binomtest(int(row[name]), int(row["pairs"]), share, alternative="greater").pvalue)


def discover(rows: list[dict[str, Any]], p_values: list[float]) -> list[dict[str, Any]]:
    """The discoveries among the tested."""
    adjusted = false_discovery_control(p_values) if rows else []
    return [row for row, p in zip(rows, adjusted, strict=True) if p <= MOST_FALSE]


@pytest.mark.parametrize("seed", [1, 2])
def test_rules_that_compare_channels_of_a_click_log(api: Api, connection: Connection, seed: int) -> None:
    log = list(build_click_log(Random(seed)))
    events = []
    for channel, device, at, took in log:
        fields = {"referrer_id": channel, "device_fingerprint": device}
        events.append(build_event(at=at, **fields))
        if took is not None:
            events.append(build_event("conversion", at=at + timedelta(seconds=took), conversion_value=1, **fields))
    api.post_events(*events)
    expected = judge_log(log)
    assert set(expected) == {"too_fast", "flood", "clicks_without_conversions", "too_good"}
    assert find(connection) == expected


BY_IDS = {
    "self_referral": """
        SELECT referrer FROM referral WHERE person = referrer OR (
            person IS DISTINCT FROM referrer AND network IS DISTINCT FROM 'school' AND device IN (
                SELECT device FROM used WHERE used.person = referral.referrer
                    AND used.first <= referral.day AND used.last >= referral.day - 30
            ) AND (SELECT count(*) FROM used WHERE used.device = referral.device) <= 3
        )
    """,
    "mutual": """
        SELECT one.referrer FROM referral AS one JOIN referral AS other
            ON one.person = other.referrer AND other.person = one.referrer AND one.person <> one.referrer
    """,
    "cycle": """
        WITH first AS (
            SELECT person, referrer, moment FROM referral WHERE person <> referrer
            QUALIFY row_number() OVER (PARTITION BY person ORDER BY moment, referrer) = 1
        ), chain AS (
            SELECT a.person AS p1, b.person AS p2, c.person AS p3, d.person AS p4, e.person AS p5,
                b.referrer AS r2, c.referrer AS r3, d.referrer AS r4, e.referrer AS r5,
                a.moment AS t1, b.moment AS t2, c.moment AS t3, d.moment AS t4, e.moment AS t5
            FROM first AS a JOIN first AS b ON b.person = a.referrer JOIN first AS c ON c.person = b.referrer
                LEFT JOIN first AS d ON d.person = c.referrer LEFT JOIN first AS e ON e.person = d.referrer
        )
        SELECT p1 FROM chain WHERE r2 <> p1 AND (
            (r3 = p1 AND greatest(t1, t2, t3) - least(t1, t2, t3) <= INTERVAL 30 DAY)
            OR (r3 <> p1 AND r4 = p1 AND greatest(t1, t2, t3, t4) - least(t1, t2, t3, t4) <= INTERVAL 30 DAY)
            OR (r3 <> p1 AND r4 <> p1 AND r5 = p1
                AND greatest(t1, t2, t3, t4, t5) - least(t1, t2, t3, t4, t5) <= INTERVAL 30 DAY)
        )
    """,
    "duplicate": """
        SELECT referrer FROM referral AS later WHERE EXISTS (
            SELECT 1 FROM referral AS earlier WHERE (earlier.moment, earlier.id) < (later.moment, later.id) AND (
                (earlier.person = later.person AND earlier.kind = 'conversion' AND later.kind = 'conversion'
                    AND earlier.value IS NULL AND later.value IS NULL)
                OR (earlier.device = later.device AND earlier.link = later.link AND earlier.kind = later.kind
                    AND date_trunc('minute', earlier.moment) = date_trunc('minute', later.moment))
            )
        )
    """,
    "farm": """
        SELECT referrer FROM (
            SELECT *, coalesce('user:' || person, 'device:' || device) AS invitee FROM referral
            WHERE kind = 'conversion' AND person IS DISTINCT FROM referrer
        ) GROUP BY referrer
        HAVING count(DISTINCT invitee) >= 5
            AND count(DISTINCT invitee) FILTER (WHERE device IS NOT NULL) >= 5
            AND count(DISTINCT device) <= 0.5 * count(DISTINCT invitee) FILTER (WHERE device IS NOT NULL)
            AND count(DISTINCT invitee) FILTER (WHERE network <> 'school') >= 5
            AND count(DISTINCT network) FILTER (WHERE network <> 'school')
                <= 0.2 * count(DISTINCT invitee) FILTER (WHERE network <> 'school')
    """,
    "ring": """
        WITH RECURSIVE connecting AS (
            SELECT device FROM used GROUP BY device HAVING count(*) BETWEEN 2 AND 10
                AND device NOT IN (SELECT device FROM referral WHERE network = 'school' AND device IS NOT NULL)
        ), neighbor AS (
            SELECT DISTINCT a.person AS one, b.person AS other FROM used AS a JOIN used AS b USING (device)
            WHERE device IN (SELECT device FROM connecting)
        ), reached AS (
            SELECT one, other FROM neighbor
            UNION SELECT reached.one, neighbor.other FROM reached JOIN neighbor ON neighbor.one = reached.other
        ), ring AS (SELECT one AS person, min(other) AS ring FROM reached GROUP BY one HAVING count(*) >= 3),
        touched AS (
            SELECT ring.ring, referral.referrer,
                referral.referrer IN (SELECT person FROM ring AS r WHERE r.ring = ring.ring)
                    AND coalesce(referral.person IN (SELECT person FROM ring AS r WHERE r.ring = ring.ring), false)
                    AS is_inside
            FROM referral JOIN (SELECT DISTINCT ring FROM ring) AS ring
                ON referral.referrer IN (SELECT person FROM ring AS r WHERE r.ring = ring.ring)
                OR referral.person IN (SELECT person FROM ring AS r WHERE r.ring = ring.ring)
            WHERE referral.person IS DISTINCT FROM referral.referrer
        )
        SELECT DISTINCT referrer FROM touched WHERE is_inside AND ring IN (
            SELECT ring FROM touched GROUP BY ring HAVING count(*) FILTER (WHERE is_inside) >= 0.8 * count(*)
        )
    """,
}


def build_small_world(random: Random) -> tuple[list[Referral], list[Use]]:
    """Few people, devices and networks, so that everything happens by chance."""
    people = [f"p{number}" for number in range(random.choice((20, 60, 150)))]
    devices = [f"d{number}" for number in range(random.choice((4, 4, 60, 150)))]
    networks = [*(f"198.51.100.{number}" for number in range(random.choice((1, 2, 40))))]
    givers = random.choice((5, 5, 40))
    rows = [
        Referral(
            random.choice(people[:givers]),
            random.choice((None, *people, *people)),
            START + timedelta(seconds=random.choice((1, 3600)) * random.randrange(50 * 24)),
            random.choice(("signup", "conversion")),
            random.choice((None, *devices)),
            random.choice((None, SCHOOL, *networks, *networks)),
            random.choice((None, "l1", "l2")),
            random.choice((None, 1, 1, 1)),
            took=None,
            active_again=None,
        )
        for _ in range(random.choice((30, 160, 400)))
    ]
    at = [START + timedelta(days=random.uniform(0, 55)) for _ in range(15)]
    return rows, [Use(random.choice(devices), random.choice(people), moment, moment) for moment in at]


def judge_by_ids(rows: list[Referral], connection: Connection) -> Found:
    """Whom the rules that follow ids must find."""
    database = duckdb.connect()
    database.execute(
        "CREATE TABLE referral (id UUID, referrer TEXT, person TEXT, day DATE, moment TIMESTAMPTZ, kind TEXT,"
        " device TEXT, network TEXT, link TEXT, value DOUBLE)"
    )
    database.executemany(
        f"INSERT INTO referral VALUES ({', '.join('?' * 10)})",
        [
            (
                *(each.event_id, each.referrer, each.user, each.at.date(), each.at, each.kind, each.device),
                *("school" if each.network == SCHOOL else each.network, each.link, each.value),
            )
            for each in rows
        ],
    )
    database.execute("CREATE TABLE used (device TEXT, person TEXT, first DATE, last DATE)")
    used = connection.exec_driver_sql("SELECT device_fingerprint, user_id, first_day, last_day FROM device_users").all()
    database.executemany("INSERT INTO used VALUES (?, ?, ?, ?)", [tuple(row) for row in used])
    found = {rule: {row[0] for row in database.execute(query).fetchall()} for rule, query in BY_IDS.items()}
    return {rule: referrers for rule, referrers in found.items() if referrers}


@pytest.mark.parametrize("seed", range(20))
def test_rules_that_follow_ids_in_a_small_world(connection: Connection, seed: int) -> None:
    rows, uses = build_small_world(Random(seed))
    save_shared_network(connection, SCHOOL)
    save_referrals(connection, rows, uses)
    found = {rule: referrers for rule, referrers in find(connection).items() if rule in BY_IDS}
    assert found == judge_by_ids(rows, connection)
