"""What is found by who is flagged is what a test of every referral finds, and reads nothing else."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, insert, text

from metrics_api.access.identifiers import Identifiers, References
from metrics_api.db.fact_rules import FactRules
from metrics_api.db.tables import case_conversions, cases
from metrics_api.detection import anomalies
from metrics_api.detection.entity_lists import Entry, Lists, build_lists
from metrics_api.detection.query import COMPONENT_ROWS, EVERYTHING, Filter, Query
from metrics_api.growth.clean import fetch_flagged, fetch_flagged_totals
from metrics_api.growth.suspects import build_clean_referrals
from metrics_api.ingest.events import save_events
from metrics_api.ingest.links import save_links
from metrics_api.settings.detection import DetectionSettings
from tests.support.api_fixtures import forget_everything
from tests.support.tested_referrals import BUSY, EAGER, fetch_tested
from viral_contract.models.events import Event
from viral_contract.models.links import LinkItem
from viral_contract.models.period import Period

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
PERIOD = Period.between(NOON.date() - timedelta(days=1), NOON.date())
CONFIGURED = DetectionSettings()
ADDRESSES = ["203.0.113.1", "203.0.113.2", "198.51.100.1", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"]
DEVICES, REFERRERS, LINKS = ["d-1", "d-2", "d-3"], ["maria", "ben", "zoe"], ["l-1", "l-2"]
BROWSERS = ["Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/126.0", "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Safari"]
LISTED = {
    "network": ["203.0.113.0/24", "203.0.113.1/32", "198.51.100.1/32", "2001:db8::/32", "2001:db8::/64"],
    "device": DEVICES,
    "referrer": REFERRERS,
    "user_agent": BROWSERS,
    "link": LINKS,
}
ENTITIES = {
    "referrer": REFERRERS,
    "device": DEVICES,
    "network": ["203.0.113.1", "198.51.100.1", "2001:db8::/64"],
    "link": LINKS,
}

moments = st.integers(-40, 30).map(lambda hours: NOON + timedelta(hours=hours))
events = st.builds(
    Event,
    event_id=st.uuids(version=4),
    event_type=st.sampled_from(["click", "click", "signup", "conversion", "conversion"]),
    occurred_at=moments,
    ip_address=st.none() | st.sampled_from(ADDRESSES),
    device_fingerprint=st.none() | st.sampled_from(DEVICES),
    link_id=st.none() | st.sampled_from(LINKS),
    referrer_id=st.none() | st.sampled_from(REFERRERS),
    source=st.none() | st.sampled_from(["prep_pack", "buddy_challenge"]),
    user_id=st.none() | st.sampled_from(["u-1", "u-2"]),
    user_agent=st.none() | st.sampled_from(BROWSERS),
)
entries = st.sampled_from(sorted(LISTED)).flatmap(
    lambda kind: st.builds(
        Entry, list=st.sampled_from(["allow", "deny"]), kind=st.just(kind), value=st.sampled_from(LISTED[kind])
    )
)


@st.composite
def case_rows(draw: st.DrawFn) -> dict[str, Any]:
    """A case about one of the entities, open or decided."""
    kind = draw(st.sampled_from(sorted(ENTITIES)))
    verdict = draw(st.sampled_from([None, "fraud", "fraud", "legitimate"]))
    return {
        "kind": kind,
        "entity": draw(st.sampled_from(ENTITIES[kind])),
        "status": "decided" if verdict else "open",
        "verdict": verdict,
        "strength": draw(st.sampled_from(["flags", "looks"])),
        "rules": [draw(st.sampled_from(["duplicate", "self_referral"]))],
        "decided_at": draw(moments) if verdict else None,
        "until": draw(st.sampled_from([None, NOON - timedelta(days=1)])) if verdict else None,
        "evidence": [],
        **dict.fromkeys(("status_at", "first_seen", "last_seen", "opened_at"), NOON),
    }


thresholds = st.fixed_dictionaries(
    {
        "fraud_ip_click_threshold": st.sampled_from([5, 10]),
        "bot_rapid_click_threshold": st.sampled_from([2, 3]),
        "conversion_anomaly_threshold": st.sampled_from([0, 0.05, 0.3, 0.5, 0.8, 1]),
        "conversion_anomaly_daily_threshold": st.sampled_from([1, 2, 10]),
        "conversion_anomaly_min_clicks": st.sampled_from([1, 2, 5]),
    }
)


@pytest.fixture(autouse=True, scope="module")
def nothing(engine: Engine) -> None:
    """No data of other tests."""
    forget_everything(engine)


@contextmanager
def try_out(engine: Engine) -> Iterator[Connection]:
    """A transaction that leaves nothing behind."""
    with engine.connect() as connection:
        yield connection
        connection.rollback()


def build_query(given: dict[str, Any], wanted: Filter = EVERYTHING) -> Query:
    identifiers = Identifiers(References("a key"), whole=True)
    asked = CONFIGURED.model_copy(update=given)
    return Query(PERIOD, asked, NOON, identifiers, COMPONENT_ROWS, CONFIGURED, wanted)


def save(connection: Connection, posted: list[Event], about: list[dict[str, Any]]) -> None:
    save_links(
        connection,
        [LinkItem(id="l-1", referrer_id="maria", source="prep_pack", campaign="spring", inserted_at=NOON)],
        now=NOON,
    )
    save_events(connection, posted, FactRules(), now=NOON)
    opened = {(row["kind"], row["entity"]): row for row in about if row["status"] == "open"}
    for row in [*opened.values(), *(row for row in about if row["status"] != "open")]:
        case_id = connection.execute(insert(cases).values(row).returning(cases.c.id)).scalar_one()
        converted = [event for event in posted if event.event_type == "conversion"][case_id % 2 :: 3]
        for number, event in enumerate(converted):
            assert event.occurred_at
            stake = {"event_id": event.event_id, "day": event.occurred_at.date(), "is_flagged": number % 2 == 0}
            connection.execute(insert(case_conversions).values(case_id=case_id, **stake))


def check(connection: Connection, query: Query, lists: Lists) -> None:
    tested = fetch_tested(connection, query, lists)
    suspect = Counter(
        (row.day, row.source, row.referrer_id) for row in tested if row.is_suspect and row.event_type == "conversion"
    )
    flagged = fetch_flagged(connection, query, lists)
    assert flagged.suspect == suspect
    assert flagged.totals == fetch_flagged_totals(connection, query, lists)
    clean, values = build_clean_referrals(query, lists)
    found: list[UUID] = list(
        connection.execute(text(f"WITH {clean} SELECT event_id FROM clean_referral"), values).scalars()
    )
    assert sorted(found) == sorted(row.event_id for row in tested if not row.is_suspect)


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(
    st.lists(events, max_size=40, unique_by=lambda event: event.event_id),
    st.lists(st.tuples(entries, st.just("")), max_size=5),
    st.lists(case_rows(), max_size=4),
    thresholds,
)
def test_suspects_are_those_that_a_test_of_every_referral_finds(
    engine: Engine,
    posted: list[Event],
    listed: list[tuple[Entry, str]],
    about: list[dict[str, Any]],
    given: dict[str, Any],
) -> None:
    lists = build_lists(listed)
    with try_out(engine) as connection:
        save(connection, posted, about)
        for wanted in (EVERYTHING, Filter(source="prep_pack"), Filter(campaign="spring")):
            check(connection, build_query(given, wanted), lists)


activity = st.tuples(
    st.integers(0, 1),
    st.sampled_from(REFERRERS),
    st.sampled_from(["", "a", "b"]),
    st.integers(0, 25),
    st.integers(0, 12),
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    st.lists(activity, max_size=12, unique_by=lambda row: row[:3]),
    st.sampled_from([0, 0.01, 0.1, 0.25, 0.39, 0.4, 0.8, 0.999, 1]),
    st.integers(1, 12),
)
def test_no_referrer_with_too_high_a_rate_is_missed(
    engine: Engine, rows: list[tuple[int, str, str, int, int]], rate: float, min_clicks: int
) -> None:
    query = build_query({"conversion_anomaly_threshold": rate, "conversion_anomaly_min_clicks": min_clicks})
    values = anomalies.flagging_values(query, build_lists([]))
    with try_out(engine) as connection:
        for day, referrer, source, clicks, conversions in rows:
            connection.execute(
                text("""
                    INSERT INTO activity_per_referrer_day (day, referrer_id, source, clicks, conversions)
                    VALUES (:day, :referrer, :source, :clicks, :conversions)
                """),
                {
                    "day": PERIOD.start + timedelta(days=day),
                    "referrer": referrer,
                    "source": source,
                    "clicks": clicks,
                    "conversions": conversions,
                },
            )
        connection.execute(
            text("""
                INSERT INTO conversions_per_referrer_day (source, referrer_id, day, conversions)
                SELECT '', referrer_id, day, sum(conversions) FROM activity_per_referrer_day
                WHERE referrer_id <> '' GROUP BY referrer_id, day
            """)
        )
        for found, tested in ((anomalies.EAGER_REFERRERS, EAGER), (anomalies.BUSY_DAYS, BUSY)):
            names = [
                sorted(row.referrer_id for row in connection.execute(text(each), values)) for each in (found, tested)
            ]
            assert names[0] == names[1]
