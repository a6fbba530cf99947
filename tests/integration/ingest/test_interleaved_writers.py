"""Two writers whose transactions overlap in a chosen way: when one waits for the other, and when not."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event as Signal
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from metrics_api.db.fact_rules import FactRules
from metrics_api.ingest.events import save_events
from viral_contract.models.events import Event, EventType

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
NOON = MIDNIGHT - timedelta(hours=12)
_POLL_SECONDS = 0.01


def build_click(at: datetime, device: str, **fields: Any) -> Event:
    return Event(event_type="click", occurred_at=at, device_fingerprint=device, **fields)


def save_both_overlapping(engine: Engine, first: Sequence[Event], second: Sequence[Event]) -> bool:
    """Save the second batch while the first is not committed; whether the second had to wait for it."""
    with ThreadPoolExecutor(1) as pool, engine.connect() as one, engine.connect() as two:
        save_events(one, first, FactRules(), now=MIDNIGHT)
        process = two.execute(text("SELECT pg_backend_pid()")).scalar_one()
        saving = pool.submit(save_events, two, second, FactRules(), now=MIDNIGHT)
        waited = _waits(engine, process, saving)
        one.commit()
        assert saving.result() == len(second)
        two.commit()
    return waited


def _waits(engine: Engine, process: int, saving: Future[int]) -> bool:
    """Whether the transaction gets to wait for a lock before it has done its work."""
    statement = text("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = :pid")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as observer:
        while not saving.done():
            if observer.execute(statement, {"pid": process}).scalar():
                return True
            Signal().wait(_POLL_SECONDS)
    return False


def fetch_pair_span(connection: Connection, device: str) -> timedelta | None:
    statement = text("SELECT min(span_2) FROM bursts_per_device_day WHERE device_fingerprint = :device")
    span: timedelta | None = connection.execute(statement, {"device": device}).scalar()
    return span


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (NOON, NOON + timedelta(seconds=3)),
        (NOON + timedelta(seconds=3), NOON),
        (MIDNIGHT - timedelta(seconds=1), MIDNIGHT + timedelta(seconds=2)),
        (MIDNIGHT + timedelta(seconds=2), MIDNIGHT - timedelta(seconds=1)),
        (MIDNIGHT - timedelta(seconds=60), MIDNIGHT),
        (MIDNIGHT, MIDNIGHT - timedelta(seconds=60)),
    ],
)
def test_a_burst_that_spans_two_transactions_is_found(
    empty_database: Engine, connection: Connection, first: datetime, second: datetime
) -> None:
    waited = save_both_overlapping(empty_database, [build_click(first, "d")], [build_click(second, "d")])
    assert waited
    assert fetch_pair_span(connection, "d") == abs(second - first)


@pytest.mark.parametrize("field", ["link_id", "ip_address", "device_fingerprint", "user_id", "referrer_id"])
def test_writers_that_want_the_same_rows_never_wait_in_a_circle(empty_database: Engine, field: str) -> None:
    """Both are held up in the middle by a third one, so that each has locked what comes before.

    Each kind of row is tried alone, because rows that come earlier would put the writers in line.
    """
    values = [f"10.0.0.{n}" if field == "ip_address" else f"{field}-{n}" for n in range(150)]

    def build_batch(wanted: list[str]) -> list[Event]:
        return [Event(event_type="click", occurred_at=NOON, **{field: value}) for value in wanted]

    def write(wanted: list[str]) -> int:
        with empty_database.begin() as connection:
            return save_events(connection, build_batch(wanted), FactRules(), now=MIDNIGHT)

    with ThreadPoolExecutor(2) as pool, empty_database.connect() as third:
        for held_up_at in values[20::40]:
            save_events(third, build_batch([held_up_at]), FactRules(), now=MIDNIGHT)
            writing = [pool.submit(write, values), pool.submit(write, values[::-1])]
            _wait_until_blocked(empty_database, writing)
            third.commit()
            assert [saving.result() for saving in writing] == [len(values), len(values)]


def _wait_until_blocked(engine: Engine, writing: list[Future[int]]) -> None:
    statement = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as observer:
        while not any(saving.done() for saving in writing) and observer.execute(statement).scalar_one() < len(writing):
            Signal().wait(_POLL_SECONDS)


def test_a_step_that_another_writer_has_stored_meanwhile_follows_the_click(
    empty_database: Engine, connection: Connection
) -> None:
    def build(event_type: EventType, minute: int) -> Event:
        return Event(event_type=event_type, occurred_at=NOON + timedelta(minutes=minute), user_id="u")

    assert save_both_overlapping(empty_database, [build("visit", 0), build("visit", 2)], [build("click", 1)])
    visited_at = connection.execute(text("SELECT visited_at FROM user_journeys")).scalar_one()
    assert visited_at == NOON + timedelta(minutes=2)


def test_a_user_who_is_on_a_device_twice_at_once_is_kept_once(empty_database: Engine, connection: Connection) -> None:
    """With the days of both writers, and without a conflict."""
    first, second = ([build_click(NOON - timedelta(days=days), "d", user_id="u")] for days in (1, 0))
    assert save_both_overlapping(empty_database, first, second)
    kept = connection.execute(text("SELECT last_day - first_day FROM device_users")).scalars().all()
    assert (kept, connection.execute(text("SELECT count(*) FROM active_weeks")).scalar_one()) == ([1], 1)


@pytest.mark.parametrize("invited_waits", [True, False])
def test_a_user_and_somebody_they_referred_who_sign_up_at_once_are_a_cycle(
    empty_database: Engine, connection: Connection, invited_waits: bool
) -> None:
    inviter = [Event(event_type="signup", occurred_at=NOON, user_id="maria")]
    invited = [Event(event_type="signup", occurred_at=NOON + timedelta(hours=2), user_id="u", referrer_id="maria")]
    assert save_both_overlapping(empty_database, *((inviter, invited) if invited_waits else (invited, inviter)))
    assert connection.execute(text("SELECT person, hours FROM cycles")).one() == ("user:u", 2)
    assert connection.execute(text("SELECT users, inviters FROM signups_per_day WHERE source = ''")).one() == (2, 1)


@pytest.mark.parametrize("click_waits", [True, False])
def test_a_referral_and_its_click_find_each_other(
    empty_database: Engine, connection: Connection, click_waits: bool
) -> None:
    pair = {"user_id": "u", "referrer_id": "maria"}
    click = Event(event_type="click", occurred_at=NOON, **pair)
    signup = Event(event_type="signup", occurred_at=NOON + timedelta(minutes=1), **pair)
    assert save_both_overlapping(empty_database, *([signup], [click]) if click_waits else ([click], [signup]))
    assert connection.execute(text("SELECT clicked_at FROM referrals")).scalar_one() == NOON
