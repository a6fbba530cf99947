"""Facts kept incrementally equal facts rebuilt equal facts counted anew, whatever is posted in whatever order."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from metrics_api.access.identifiers import References
from metrics_api.batches.steps import StepContext, start_batch, step_batch
from metrics_api.db.database import Database
from metrics_api.db.fact_rules import FactRules
from metrics_api.ingest.combiner import fold_rest
from metrics_api.ingest.events import save_events, take_events
from metrics_api.ingest.links import delete_links, save_links
from metrics_api.ingest.locks import claim_folding
from metrics_api.privacy.purge import purge_some
from metrics_api.settings.privacy import PrivacySettings
from tests.support.api_fixtures import forget_everything
from tests.support.brute_force import Account, Facts, fetch_facts
from tests.support.pseudonyms import PSEUDONYMS
from viral_contract.models.events import EVENT_TYPES, Event
from viral_contract.models.links import LinkItem

pytestmark = pytest.mark.slow

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)  # Of a Monday, so that a week begins as well.
NOW = MIDNIGHT + timedelta(days=30)
MARKER = References("a key of tests").to_mark
GIVEN = StepContext(
    phone_region="US", scan_seconds=1, now=NOW, backoff_base_seconds=0, rules=FactRules(), pseudonyms=PSEUDONYMS
)

# Few values of everything, so that events meet: on a device, at an instant, over midnight, under one id.
BROWSER = "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
ids = st.integers(1, 60).map(lambda number: UUID(int=number << 96 | 61 - number))
moments = st.one_of(
    st.sampled_from([0, -1, 2, 5, 59.999999, 60, 60.000001, -60, -5.000001, 86_400, -86_400]),
    st.integers(-65, 65),
).map(lambda seconds: MIDNIGHT + timedelta(seconds=seconds))
link_ids = st.sampled_from(["l-1", "l-2", "l-3"])
referrers = st.sampled_from(["maria", "u-1"])
sources = st.sampled_from(["prep_pack", "buddy_challenge"])
events = st.builds(
    Event,
    event_id=ids,
    event_type=st.sampled_from(["click", "click", "click", "visit", "signup", "conversion", "activation"]),
    occurred_at=moments,
    ip_address=st.sampled_from([None, "203.0.113.1", "2001:db8::1", "2001:db8::2:0:0:1", "2001:db8:0:1::1"]),
    device_fingerprint=st.sampled_from([None, "d-1", "d-1", "d-2"]),
    link_id=st.none() | link_ids,
    referrer_id=st.none() | referrers,
    source=st.none() | sources,
    user_id=st.sampled_from([None, None, "u-1", "u-2"]),
    session_id=st.sampled_from([None, None, "s-1"]),
    user_agent=st.sampled_from([None, BROWSER, BROWSER, "Googlebot/2.1", "WhatsApp/2.24.20.89 A", "curl/8.5.0"]),
    http_method=st.sampled_from([None, None, "GET", "HEAD"]),
    purpose=st.sampled_from([None, None, None, "prefetch;prerender"]),
)
campaigns = st.none() | st.sampled_from(["spring", "fall"])
links = st.builds(
    LinkItem, id=link_ids, referrer_id=referrers, source=sources, campaign=campaigns, inserted_at=st.none() | moments
)


@st.composite
def bursts(draw: st.DrawFn) -> list[Event]:
    """Up to 25 clicks of one device, at one instant or at even distances; of any addresses of one network."""
    count, begin = draw(st.integers(2, 25)), draw(moments)
    apart = timedelta(seconds=draw(st.sampled_from([0, 0, 0.000001, 1, 2.5, 30, 60])))
    first_id = draw(st.integers(1, 1 << 64)) << 32
    network = draw(st.sampled_from([None, "203.0.113.1", "2001:db8::"]))
    return [
        Event(
            event_id=UUID(int=first_id + number),
            event_type="click",
            occurred_at=begin + apart * number,
            ip_address=f"{network}{number:x}" if network == "2001:db8::" else network,
            device_fingerprint="d-1",
            link_id="l-1",
            user_id=draw(st.sampled_from([None, None, "u-1", "u-2"])),
            user_agent=draw(st.sampled_from([None, None, None, "Googlebot/2.1"])),
        )
        for number in draw(st.permutations(range(count)))
    ]


@st.composite
def comings_and_goings(draw: st.DrawFn) -> list[Event]:
    """What one or two people did over and over, as it arrives: in any order, some of it at one instant."""
    kinds = draw(st.lists(st.sampled_from([*EVENT_TYPES, "click"]), min_size=5, max_size=40))
    first_id = draw(st.integers(1, 1 << 64)) << 32
    return [
        Event(
            event_id=UUID(int=first_id + number),
            event_type=kind,
            occurred_at=MIDNIGHT + timedelta(hours=draw(st.integers(-20, 20))),
            source=draw(st.none() | sources),
            user_id=draw(st.sampled_from(["u-1", "u-1", "u-1", "u-2"])),
        )
        for number, kind in enumerate(kinds)
    ]


@st.composite
def clicks_and_referrals(draw: st.DrawFn) -> list[Event]:
    """Clicks and what they led to, of a few people on a few devices over three weeks, as it arrives: in any order."""
    first_id = draw(st.integers(1, 1 << 64)) << 32
    numbers = draw(st.lists(st.integers(0, 30), min_size=5, max_size=40))  # Some of it twice.
    return [
        Event(
            event_id=UUID(int=first_id + number),
            event_type=draw(st.sampled_from(["click", "click", "click", "signup", "conversion", "visit"])),
            occurred_at=MIDNIGHT + timedelta(hours=12 * draw(st.integers(-20, 20))),
            referrer_id=draw(referrers),
            link_id=draw(st.sampled_from([None, None, "l-1"])),
            device_fingerprint=draw(st.sampled_from([None, "d-1", "d-2"])),
            user_id=draw(st.sampled_from([None, "u-1", "u-2"])),
            session_id=draw(st.sampled_from([None, None, "s-1"])),
            conversion_value=draw(st.none() | st.just(9.5)),
            user_agent=draw(st.sampled_from([None, None, BROWSER, "Googlebot/2.1"])),
        )
        for number in numbers
    ]


class Checked:
    """A database and an account of what was done to it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._account = Account()

    def post(self, batch: list[Event]) -> None:
        with self._database.write() as connection:
            accepted = save_events(connection, batch, FactRules(), now=NOW)
        assert accepted == self._account.post(batch)

    def stage(self, batch: list[Event]) -> None:
        """Post while somebody else folds and never ends: the batch waits for a combiner."""
        with self._database.write() as other, self._database.write() as connection:
            claim_folding(other)
            taken = take_events(connection, batch, MARKER, PSEUDONYMS, FactRules(), now=NOW)
        assert taken.accepted == self._account.post(batch)

    def put(self, batch: list[LinkItem]) -> None:
        with self._database.write() as connection:
            save_links(connection, batch, now=NOW)
        self._account.save_links(batch, now=NOW)

    def delete(self, link_id: str) -> None:
        with self._database.write() as connection:
            delete_links(connection, [link_id])
        self._account.delete_link(link_id)

    def rebuild(self) -> None:
        with self._database.write() as connection:
            batch_id = start_batch(connection, "rebuild_facts")
        status = "queued"
        while status != "done":
            with self._database.write() as connection:
                batch = step_batch(connection, batch_id, GIVEN)
            assert batch
            status = batch.status

    def facts(self) -> Facts:
        fold_rest(self._database)
        with self._database.read() as connection:
            return fetch_facts(connection)

    def check(self) -> None:
        assert self.facts() == self._account.count()


Action = Callable[[Checked], None]
actions: st.SearchStrategy[Action] = st.one_of(
    st.lists(events, min_size=1, max_size=15).map(lambda batch: lambda checked: checked.post(batch)),
    bursts().map(lambda batch: lambda checked: checked.post(batch)),
    st.lists(events, min_size=1, max_size=15).map(lambda batch: lambda checked: checked.stage(batch)),
    bursts().map(lambda batch: lambda checked: checked.stage(batch)),
    st.lists(links, min_size=1, max_size=4).map(lambda batch: lambda checked: checked.put(batch)),
    link_ids.map(lambda link_id: lambda checked: checked.delete(link_id)),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(actions, min_size=1, max_size=8))
def test_facts_kept_and_facts_rebuilt_equal_facts_counted_anew(
    engine: Engine, database: Database, actions: list[Action]
) -> None:
    forget_everything(engine)
    checked = Checked(database)
    for act in actions:
        act(checked)
    checked.check()
    checked.rebuild()
    checked.check()


@settings(max_examples=25, deadline=None)
@given(bursts(), st.lists(events, max_size=20), st.data())
def test_neither_order_nor_split_of_the_batches_changes_a_fact(
    engine: Engine, database: Database, burst: list[Event], others: list[Event], data: st.DataObject
) -> None:
    posted = list({event.event_id: event for event in [*burst, *others]}.values())
    shuffled = data.draw(st.permutations(posted))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(posted)), max_size=6)) | {0, len(posted)})
    forget_everything(engine)
    checked = Checked(database)
    for start, end in pairwise(cuts):
        checked.post(shuffled[start:end])
    checked.check()


@settings(max_examples=60, deadline=None)
@given(comings_and_goings() | clicks_and_referrals(), st.data())
def test_ways_from_the_click_and_referrals_are_exact_in_whatever_order_they_come(
    engine: Engine, database: Database, posted: list[Event], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(posted)), max_size=8)) | {0, len(posted)})
    forget_everything(engine)
    checked = Checked(database)
    for start, end in pairwise(cuts):
        data.draw(st.sampled_from([checked.post, checked.stage]))(posted[start:end])
    checked.check()
    checked.rebuild()
    checked.check()


@settings(max_examples=25, deadline=None)
@given(st.lists(events, min_size=1, max_size=30), st.lists(actions, min_size=1, max_size=3), st.integers(0, 3))
def test_what_is_posted_between_the_steps_of_a_rebuild_is_neither_lost_nor_counted_twice(
    engine: Engine, database: Database, before: list[Event], between: list[Action], steps: int
) -> None:
    forget_everything(engine)
    checked = Checked(database)
    checked.post(before)
    with database.write() as connection:
        batch_id = start_batch(connection, "rebuild_facts")
    for _ in range(steps):
        with database.write() as connection:
            step_batch(connection, batch_id, GIVEN)
    for act in between:
        act(checked)
    checked.rebuild()
    checked.check()


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_of_two_referrers_at_one_instant_the_event_with_the_smaller_id_decides(
    empty_database: Engine, order: tuple[int, int]
) -> None:
    checked = Checked(Database(empty_database))
    for number in order:
        event = {"event_id": UUID(int=number), "event_type": "click", "occurred_at": MIDNIGHT, "user_id": "u-1"}
        checked.post([Event(**event, referrer_id=f"referrer {number}")])
    assert checked.facts()["user_journeys"]["user:u-1",][-4] == "referrer 1"
    checked.check()


@settings(max_examples=40, deadline=None)
@given(st.lists(actions, min_size=1, max_size=8))
def test_after_a_purge_the_facts_kept_equal_the_facts_rebuilt(
    engine: Engine, database: Database, actions: list[Action]
) -> None:
    forget_everything(engine)
    checked = Checked(database)
    for act in actions:
        act(checked)
    night = MIDNIGHT + timedelta(days=9, hours=3)
    more = True
    while more:
        with database.write() as connection:
            more = purge_some(
                connection, PrivacySettings(retention_events_days=10, retention_content_days=10), now=night
            )
    kept = checked.facts()
    checked.rebuild()
    assert checked.facts() == kept
