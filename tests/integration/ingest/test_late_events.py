"""A retry after a purge or an erasure: it doubles no day and brings no child back, and the answer says so."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, text

from metrics_api.access.identifiers import References
from metrics_api.db.database import Database
from metrics_api.db.fact_rules import FactRules
from metrics_api.db.tables import erasures
from metrics_api.ingest.events import Taken, take_events
from metrics_api.ingest.late_events import leave_out_late
from metrics_api.privacy.purge import purge_some
from tests.support.api_fixtures import Api
from tests.support.batches import rebuild
from tests.support.brute_force import fetch_facts
from tests.support.builders import NOON, build_clicks, build_event
from tests.support.plans import watch_statements
from tests.support.privacy_requests import CHILD, ask, do, erase
from tests.support.pseudonyms import PSEUDONYMS
from tests.support.purging import NEW, NIGHT, OLD, SETTINGS, dump, purge
from tests.support.waiting import count_waiting, wait_until
from viral_contract.models.events import Event

MARKER = References("k").to_mark
SUBJECTS = {
    "user": ("user_id", CHILD),
    "session": ("session_id", "session-7"),
    "device": ("device_fingerprint", "tablet-7"),
    "ip_address": ("ip_address", "203.0.113.77"),
}


def with_id(event_type: str = "click", **fields: Any) -> dict[str, Any]:
    """An event that a client can send again."""
    return {**build_event(event_type, **fields), "event_id": str(uuid4())}


def test_a_retry_after_the_purge_doubles_no_day(api: Api, connection: Connection, database: Database) -> None:
    old = [with_id("conversion", at=OLD, referrer_id="r", user_id=f"u{n}", source="s") for n in range(3)]
    new = [with_id(at=NEW, user_id="u")]
    assert api.post_events(*old, *new) == {"accepted": 4, "duplicates": 0}
    purge(database)
    before = fetch_facts(connection)
    assert api.post_events(*old, *new) == {"accepted": 0, "duplicates": 1, "expired": 3}
    assert fetch_facts(connection) == before
    assert api.post_events(build_event(at=OLD + timedelta(seconds=1))) == {"accepted": 1, "duplicates": 0}


def test_what_was_not_purged_is_taken_however_old(api: Api) -> None:
    assert api.post_events(build_event(at=NOON - timedelta(days=900))) == {"accepted": 1, "duplicates": 0}


def test_a_writer_that_comes_while_a_purge_starts_knows_of_it(empty_database: Engine) -> None:
    """It waits, and reads afterwards from when on events are taken."""

    def post() -> Taken:
        with empty_database.begin() as writing:
            event = Event(event_type="click", occurred_at=OLD)
            return take_events(writing, [event], MARKER, PSEUDONYMS, FactRules(), now=NIGHT)

    with ThreadPoolExecutor(1) as pool, empty_database.connect() as purging, empty_database.connect() as observer:
        assert purge_some(purging, SETTINGS, now=NIGHT)
        posting = pool.submit(post)
        wait_until(lambda: count_waiting(observer) == 1, "the writer waits")
        purging.commit()
        assert posting.result() == Taken(accepted=0, expired=1, erased=0)


@pytest.mark.parametrize("kind", SUBJECTS)
def test_a_retry_after_an_erasure_brings_nobody_back(api: Api, connection: Connection, kind: str) -> None:
    name, subject_id = SUBJECTS[kind]
    its = [with_id(event_type, **{name: subject_id}) for event_type in ("click", "signup", "conversion")]
    others = [with_id(**{name: "198.51.100.9" if kind == "ip_address" else "another"})]
    api.post_events(*its, *others)
    erase(api, connection, kind, subject_id)
    before = fetch_facts(connection)
    never_sent = with_id("visit", **{name: subject_id})
    answer = api.post_events(*its, never_sent, *others, partial=True)
    assert answer == {"accepted": 0, "duplicates": 1, "erased": 4, "rejected": []}
    assert fetch_facts(connection) == before
    exported = do(api, ask(api, "export", subject_kind=kind, subject_id=subject_id))
    assert not any(exported["data"].values())


def test_counts_add_up_to_what_was_sent(api: Api, connection: Connection, database: Database) -> None:
    api.post_events(with_id(at=OLD), with_id(user_id=CHILD), known := with_id())
    purge(database)
    erase(api, connection)
    sent = [
        known,
        with_id(),
        {"event_type": "sneeze"},
        *(build_event(at=at, user_id=CHILD) for at in (OLD, OLD, NEW, NOON)),
        build_event(user_id=CHILD, at=datetime.now(UTC)),
    ]
    answer = api.post_events(*sent, partial=True)
    rejected = len(answer.pop("rejected"))
    assert (answer, rejected) == ({"accepted": 2, "duplicates": 1, "expired": 2, "erased": 2}, 1)
    assert sum(answer.values()) + rejected == len(sent)


def test_an_event_without_a_time_is_known_by_its_id(api: Api, connection: Connection) -> None:
    its = {"event_type": "signup", "user_id": CHILD, "event_id": str(uuid4())}
    assert api.post_events(its)["accepted"] == 1
    erase(api, connection)
    assert api.post_events(its) == {"accepted": 0, "duplicates": 0, "erased": 1}
    assert api.post_events({**its, "event_id": str(uuid4())})["accepted"] == 1


def test_what_somebody_does_after_their_erasure_is_stored(api: Api, connection: Connection) -> None:
    api.post_events(build_event(user_id=CHILD))
    erase(api, connection)
    later = build_event("visit", user_id=CHILD, at=datetime.now(UTC))
    assert api.post_events(later) == {"accepted": 1, "duplicates": 0}
    assert len(do(api, ask(api, "export", subject_id=CHILD))["data"]["attribution_events"]) == 1
    erase(api, connection)
    assert api.post_events(later) == {"accepted": 0, "duplicates": 0, "erased": 1}


def test_an_id_in_another_unicode_form_stays_erased(api: Api, connection: Connection) -> None:
    api.post_events(build_event(user_id="Zo\u00eb"))
    erase(api, connection, subject_id="Zoe\u0308")
    assert api.post_events(build_event(user_id="Zoe\u0308"))["erased"] == 1


def test_what_others_did_for_the_erased_is_stored_without_the_name(api: Api, connection: Connection) -> None:
    """As an erasure leaves what is stored already: the friend's sign-up counts, the child is not named."""
    api.post_events(build_event(user_id=CHILD), build_event("signup", user_id="friend", referrer_id=CHILD))
    erase(api, connection)
    named = {"landing_page": f"/join?by=%2F{CHILD}", "metadata": {"by": CHILD}, "referrer_url": "/else"}
    late = build_event("conversion", user_id="friend", referrer_id=CHILD, source="s", **named)
    assert api.post_events(late) == {"accepted": 1, "duplicates": 0}
    row = connection.execute(
        text("SELECT referrer_id, landing_page, metadata, referrer_url FROM attribution_events WHERE source = 's'")
    ).one()
    assert row == (None, None, None, "/else")
    before = fetch_facts(connection)
    rebuild(api)
    assert fetch_facts(connection) == before
    exported = do(api, ask(api, "export", subject_id=CHILD))
    assert not any(exported["data"].values())


def test_what_is_remembered_names_nobody_and_ends_with_the_events(
    api: Api, connection: Connection, database: Database
) -> None:
    api.post_events(with_id(user_id=CHILD, device_fingerprint="tablet-7"))
    do(api, ask(api, "erase", subject_id=CHILD))
    assert CHILD not in dump(connection)
    remembered = text("SELECT count(*) FROM erasures")
    assert connection.execute(remembered).scalar_one() == 1
    connection.execute(erasures.update().values(erased_at=OLD))
    purge(database)
    assert connection.execute(remembered).scalar_one() == 0


def test_another_key_makes_another_mark() -> None:
    marks = {References(key).to_mark(kind, CHILD) for key in ("one", "two") for kind in ("user", "device")}
    assert len(marks) == 4


def test_a_batch_costs_one_small_read_more(connection: Connection, database: Database) -> None:
    """One more only where something was erased after what is posted, however many events there are."""
    clicks = [Event.model_validate(each) for each in build_clicks(500, user_id="u")]
    newer = [each.model_copy(update={"occurred_at": NOON + timedelta(days=2)}) for each in clicks]
    assert _count_reads(database, clicks) == 1
    connection.execute(erasures.insert().values(mark=b"somebody", kind="user", erased_at=NOON + timedelta(days=1)))
    assert (_count_reads(database, clicks), _count_reads(database, newer)) == (2, 1)


def _count_reads(database: Database, events: list[Event]) -> int:
    with database.write() as writing, watch_statements(writing) as statements:
        assert len(leave_out_late(writing, events, MARKER, now=NOON).events) == len(events)
    return len(statements.sent)
