"""Referrals with the click before them, and the users of devices: what no property of all facts says."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from metrics_api.db.database import Database
from metrics_api.db.fact_rules import FactRules
from metrics_api.ingest.events import save_events
from metrics_api.ingest.referrals import are_referrals_settled, delete_device_users, settle_referrals
from tests.support.api_fixtures import Api
from tests.support.batches import finish_batches, rebuild
from tests.support.brute_force import fetch_facts
from tests.support.builders import NOON, build_clicks, build_event
from tests.support.plans import watch_statements
from tests.support.privacy_requests import ask, do
from tests.support.purging import FIRST_KEPT, purge
from viral_contract.models.events import Event

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
REFERRAL = {"referrer_id": "maria", "user_id": "ben"}


def fetch_clicks(connection: Connection) -> dict[str, Any]:
    """The time from the last click to each referral, by the user."""
    rows = connection.execute(text("SELECT user_id, occurred_at - clicked_at FROM referrals"))
    return {row[0]: row[1] for row in rows}


@pytest.mark.parametrize(("before", "expected"), [(timedelta(0), timedelta(0)), (WEEK, WEEK), (WEEK + HOUR, None)])
@pytest.mark.parametrize("clicks_first", [True, False])
def test_a_click_counts_for_seven_days(
    api: Api, connection: Connection, before: timedelta, expected: timedelta | None, clicks_first: bool
) -> None:
    click, referral = build_event("click", at=NOON - before, **REFERRAL), build_event("signup", at=NOON, **REFERRAL)
    for event in (click, referral) if clicks_first else (referral, click):
        api.post_events(event)
    assert fetch_clicks(connection) == {"ben": expected}


def test_clicks_of_others_for_others_and_of_programs_do_not_count(api: Api, connection: Connection) -> None:
    api.post_events(
        build_event("conversion", at=NOON, **REFERRAL),
        build_event("click", at=NOON - HOUR, **REFERRAL | {"user_id": "ann"}),
        build_event("click", at=NOON - HOUR, **REFERRAL | {"referrer_id": "joe"}),
        build_event("click", at=NOON - HOUR, user_agent="Googlebot/2.1", **REFERRAL),
    )
    assert fetch_clicks(connection) == {"ben": None}


def test_the_last_click_is_found_by_one_row_of_one_index(empty_database: Engine, connection: Connection) -> None:
    """However much the person has clicked for others, and before the planner knows anything about the tables."""
    connection.execute(
        text("""INSERT INTO attribution_events (event_id, event_type, occurred_at, user_id, referrer_id)
            SELECT gen_random_uuid(), 'click', CAST(:at AS timestamptz) - n * interval '1 second', 'ben', 'r-' || n
            FROM generate_series(1, 5000) AS n"""),
        {"at": NOON},
    )
    events = [Event(event_type="conversion", occurred_at=NOON, user_id="ben", referrer_id=f"r-{n}") for n in range(9)]
    with watch_statements(empty_database) as statements, empty_database.begin() as writer:
        save_events(writer, events, FactRules(), now=NOON)
        sent, given = next(each for each in statements.sent if "INTO referrals" in each[0])
        writer.exec_driver_sql("DELETE FROM referrals")
        plan = "\n".join(writer.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {sent}", given).scalars())
    assert "idx_attribution_events_clicks_of_pair" in plan
    assert "idx_referrals_pair" in plan
    assert "Seq Scan on attribution_events" not in plan
    assert "idx_attribution_events_event_type" not in plan
    assert "idx_attribution_events_person_step" not in plan


def test_somebody_is_active_again_an_hour_after_a_conversion(api: Api, connection: Connection) -> None:
    def convert(user: str) -> dict[str, Any]:
        return build_event("conversion", at=NOON, referrer_id="maria", user_id=user)

    people = ("at once", "next day", "too late", "program", "unsettled")
    api.post_events(
        *(convert(user) for user in people[:-1]),
        build_event("conversion", at=NOON + DAY, referrer_id="maria", user_id="unsettled"),
        build_event("signup", at=NOON + 2 * DAY, referrer_id="maria", user_id="unsettled"),
        build_event("conversion", at=NOON, referrer_id="maria"),
        build_event("activation", at=NOON + HOUR / 2, user_id="at once"),
        build_event("visit", at=NOON + DAY, user_id="next day"),
        build_event("visit", at=NOON + WEEK + HOUR, user_id="too late"),
        *build_clicks(3, at=NOON + DAY, user_id="program", user_agent="Googlebot/2.1"),
    )
    assert are_referrals_settled(connection, now=NOON + WEEK + HOUR)
    assert not are_referrals_settled(connection, now=NOON + WEEK + 2 * HOUR + timedelta(seconds=1))
    assert settle_referrals(connection, now=NOON + WEEK + HOUR) == 4
    assert are_referrals_settled(connection, now=NOON + WEEK + 2 * HOUR + timedelta(seconds=1))
    assert settle_referrals(connection, now=NOON + WEEK + HOUR) == 0
    rows = connection.execute(text("SELECT user_id, active_again FROM referrals WHERE active_again IS NOT NULL"))
    assert {row.user_id: row.active_again for row in rows} == {
        "at once": False,
        "next day": True,
        "too late": False,
        "program": False,
    }


def test_a_purge_forgets_clicks_before_referrals_and_first_days_of_pairs(
    api: Api, connection: Connection, database: Database
) -> None:
    same = {**REFERRAL, "device_fingerprint": "phone"}
    api.post_events(
        build_event("click", at=FIRST_KEPT - HOUR, **same),
        build_event("signup", at=FIRST_KEPT - HOUR, **same),
        build_event("signup", at=FIRST_KEPT + HOUR, **same),
        build_event("visit", at=FIRST_KEPT - HOUR, **same | {"user_id": "gone"}),
    )
    purge(database)
    assert fetch_clicks(connection) == {"ben": None}
    day = FIRST_KEPT.date()
    assert fetch_facts(connection)["device_users"] == {("phone", "ben"): (day, day, False)}


@pytest.mark.parametrize(
    ("kind", "name"), [("session", "s-1"), ("ip_address", "203.0.113.7"), ("user", "maria"), ("user", "ben")]
)
def test_an_erasure_leaves_what_a_rebuild_would(api: Api, connection: Connection, kind: str, name: str) -> None:
    same = {**REFERRAL, "device_fingerprint": "phone"}
    api.post_events(
        build_event("click", at=NOON - 2 * DAY, **same),
        build_event("click", at=NOON - DAY, session_id="s-1", ip_address="203.0.113.7", **same),
        build_event("signup", at=NOON, **same),
        build_event("signup", at=NOON, session_id="s-1", ip_address="203.0.113.7", **same),
        build_event("signup", at=NOON, referrer_id="maria", ip_address="203.0.113.7"),
        build_event("conversion", at=NOON, referrer_id="maria", session_id="s-1"),
        build_event("conversion", at=NOON, user_id="maria", device_fingerprint="phone", referrer_id="ben"),
    )
    do(api, ask(api, "erase", subject_kind=kind, subject_id=name))
    at_once = fetch_facts(connection)
    finish_batches(api, connection)
    followed = fetch_facts(connection)
    assert {table: at_once[table] for table in ("referrals", "device_users")} == {
        table: followed[table] for table in ("referrals", "device_users")
    }
    if kind == "session":
        assert set(fetch_clicks(connection).values()) == {2 * DAY, None}


def find_wrong_connections(connection: Connection) -> list[Any]:
    """Pairs of devices that connect users, as far as the facts say, and do not, or the other way around."""
    return list(
        connection.execute(
            text("""
                SELECT device_fingerprint, user_id, users FROM (
                    SELECT *, count(*) OVER (PARTITION BY device_fingerprint) AS users FROM device_users
                ) AS counted WHERE connects <> (users BETWEEN 2 AND 10)
            """)
        )
    )


@pytest.mark.parametrize("seed", range(5))
def test_devices_of_two_to_ten_users_connect_them(api: Api, connection: Connection, seed: int) -> None:
    """Whoever comes and goes, one by one or several at once."""
    random = Random(seed)
    for _ in range(20):
        events = [
            build_event(
                "visit",
                at=NOON - random.randrange(3) * DAY,
                device_fingerprint=f"device-{random.choice((1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 4, 5))}",
                user_id=f"user-{random.randrange(20)}",
            )
            for _ in range(random.choice((1, 3, 8)))
        ]
        api.post_events(*events)
        assert not find_wrong_connections(connection)
    assert connection.execute(text("SELECT bool_or(connects) AND NOT bool_and(connects) FROM device_users")).scalar()
    for user in random.sample(range(20), 20):
        delete_device_users(connection, "user_id = :user", {"user": f"user-{user}"})
        assert not find_wrong_connections(connection)


_UNNOTICED = text("""
    SELECT later.event_id FROM referrals AS later JOIN referrals AS other ON other.event_id <> later.event_id AND (
        (other.user_id = later.user_id AND other.event_type = 'conversion' AND later.event_type = 'conversion'
            AND other.conversion_value IS NULL AND later.conversion_value IS NULL)
        OR (other.device_fingerprint = later.device_fingerprint AND other.link_id = later.link_id
            AND other.event_type = later.event_type
            AND date_trunc('minute', other.occurred_at) = date_trunc('minute', later.occurred_at))
    ) WHERE NOT later.may_repeat
""")
_UNNOTICED_REFERRERS = text("""
    SELECT event_id FROM referrals WHERE NOT user_refers AND user_id IN (SELECT referrer_id FROM referrals)
""")


@pytest.mark.parametrize("seed", range(5))
def test_whatever_may_repeat_another_or_be_of_a_circle_is_marked(api: Api, connection: Connection, seed: int) -> None:
    """Also those stored before the others, and those of one batch, with clicks that come late."""
    random = Random(seed)
    for number in range(12):
        events = [
            build_event(
                random.choice(("signup", "conversion", "conversion", "click")),
                at=NOON - timedelta(seconds=30 * random.randrange(30)),
                device_fingerprint=random.choice((None, "phone", "tablet")),
                link_id=random.choice((None, "l1", "l2")),
                user_id=f"user-{random.randrange(12)}",
                referrer_id=random.choice((None, "maria", "joe", "user-1", f"user-{number}")),
                conversion_value=random.choice((None, 1)),
            )
            for _ in range(random.choice((1, 5, 9)))
        ]
        api.post_events(*events)
        assert not connection.execute(_UNNOTICED).all()
        assert not connection.execute(_UNNOTICED_REFERRERS).all()
        if number % 4 == 3:  # As a purge does with the days on which they referred anyone.
            connection.execute(text("DELETE FROM referrals WHERE referrer_id = 'user-1'"))
    api.post_events(build_event("conversion", at=NOON, user_id="once", referrer_id="maria"))
    for mark in ("may_repeat", "user_refers"):
        marked = text(f"SELECT bool_or({mark}) AND NOT bool_or({mark} AND user_id = 'once') FROM referrals")
        assert connection.execute(marked).scalar()
    rebuild(api)
    assert not connection.execute(_UNNOTICED).all()
    assert not connection.execute(_UNNOTICED_REFERRERS).all()
