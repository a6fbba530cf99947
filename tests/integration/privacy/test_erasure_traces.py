"""An erasure finds what a child left under devices, sessions and addresses, and erases what is the child's alone."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from metrics_api.db.database import Database
from metrics_api.privacy.requests import leave_out_names
from tests.support.api_fixtures import Api
from tests.support.batches import finish_batches, rebuild
from tests.support.brute_force import fetch_facts
from tests.support.builders import NOON, build_event
from tests.support.privacy_requests import ask, do
from tests.support.purging import dump, purge

CHILD, OWN, SHARED, SESSION, ADDRESS = "child-7", "tablet-7", "family-pc", "session-7", "203.0.113.77"
LATER = NOON + timedelta(hours=1)


def post_traces(api: Api) -> None:
    """Before the sign-up without a name, then with one; a device and an address that a friend uses, too."""
    before = {
        "device_fingerprint": OWN,
        "ip_address": ADDRESS,
        "user_agent": "agent-7",
        "metadata": {"class": "bluebirds"},
    }
    api.post_events(build_event(**before), build_event("visit", session_id=SESSION, **before))
    used = {"user_id": CHILD, "ip_address": ADDRESS}
    api.post_events(
        build_event("signup", at=LATER, device_fingerprint=OWN, session_id=SESSION, **used),
        build_event("visit", at=LATER, device_fingerprint=SHARED, session_id="shared-session", **used),
        build_event("visit", at=LATER, user_id="friend", device_fingerprint=SHARED, session_id="shared-session"),
        build_event("visit", at=LATER, user_id="friend", ip_address=ADDRESS),
        build_event("signup", at=LATER, user_id="friend", referrer_id=CHILD, user_agent="agent-f", metadata={"n": 1}),
    )


def list_traces(done: dict[str, Any]) -> set[tuple[object, ...]]:
    return {(each["kind"], each["id"], each["events"], each["others"]) for each in done["traces"]}


def erase(api: Api, **scope: bool) -> dict[str, Any]:
    request = ask(api, "erase", subject_id=CHILD)
    response = api.send("POST", f"/v1/privacy/requests/{request['id']}/erase", json=scope)
    assert response.status_code == 200, response.get_data(as_text=True)
    return dict(response.get_json())


SHARED_TRACES = {("device", SHARED, 1, 1), ("session", "shared-session", 1, 1)}


def test_an_erasure_lists_what_it_leaves(api: Api) -> None:
    post_traces(api)
    done = erase(api)
    alone = {("device", OWN, 2, 0), ("session", SESSION, 1, 0)}
    assert list_traces(done) == {*SHARED_TRACES, *alone, ("ip_address", ADDRESS, 3, 1)}
    [listed] = api.read("/v1/privacy/requests")["requests"]
    assert list_traces(listed) == list_traces(done)


@pytest.mark.parametrize("in_two_steps", [False, True])
def test_what_is_the_childs_alone_is_erased(api: Api, connection: Connection, in_two_steps: bool) -> None:
    post_traces(api)
    done = erase(api, with_devices=not in_two_steps, with_sessions=not in_two_steps)
    if in_two_steps:
        path = f"/v1/privacy/requests/{done['id']}/erase-traces"
        done = api.send("POST", path).get_json()
        assert api.send("POST", path).status_code == 200
    assert list_traces(done) == {*SHARED_TRACES, ("ip_address", ADDRESS, 1, 1)}
    assert (done["result"]["attribution_events"], done["result"]["cleared_events"]) == (4, 1)
    finish_batches(api, connection)
    left = dump(connection)
    assert not [name for name in (CHILD, OWN, SESSION, "agent-7", "agent-f", "bluebirds") if name in left]
    facts = fetch_facts(connection)
    rebuild(api)
    assert fetch_facts(connection) == facts
    again = build_event("visit", device_fingerprint=OWN), build_event("visit", session_id=SESSION)
    assert api.post_events(*again)["erased"] == 2


@pytest.mark.parametrize(("scope", "left"), [("with_devices", SESSION), ("with_sessions", OWN)])
def test_each_kind_is_asked_for_by_itself(api: Api, scope: str, left: str) -> None:
    post_traces(api)
    api.post_events(build_event("visit", session_id=SESSION))
    assert left in {each["id"] for each in erase(api, **{scope: True})["traces"]}


def test_a_trace_that_was_erased_by_its_own_request_is_listed_no_more(api: Api, connection: Connection) -> None:
    post_traces(api)
    erase(api)
    do(api, ask(api, "erase", subject_kind="device", subject_id=OWN))
    assert OWN not in dump(connection)


def test_traces_are_forgotten_after_a_week(api: Api, connection: Connection, database: Database) -> None:
    post_traces(api)
    done = erase(api)
    connection.execute(text("UPDATE privacy_requests SET done_at = :at"), {"at": NOON - timedelta(days=8)})
    purge(database)
    [listed] = api.read("/v1/privacy/requests")["requests"]
    assert listed["traces"] == []
    api.refuse(404, "POST", f"/v1/privacy/requests/{done['id']}/erase-traces")


@pytest.mark.parametrize(
    ("note", "left"),
    [
        ("Mother, by phone from the number on file", "Mother, by phone from the number on file"),
        ("mother Anna Smith of child-7 (Zo\u00eb), checked by phone", "mother … of … (…), checked by phone"),
        ("anna smith, +1 415 555 2671, anna@example.org", "…"),
        ("Dad\u2019s letter; ticket #4711, Will", "Dad\u2019s letter; ticket …"),
    ],
)
def test_the_note_loses_ids_and_names(note: str, left: str) -> None:
    assert leave_out_names(note) == left


def test_a_request_that_is_done_keeps_no_name_in_its_note(api: Api, connection: Connection) -> None:
    api.post_events(build_event(user_id=CHILD))
    note = f"Anna Smith, mother of {CHILD}, by phone"
    do(api, ask(api, "export", subject_id=CHILD, note=note))
    closed = ask(api, "erase", subject_id="child-8", note=note)
    api.send("POST", f"/v1/privacy/requests/{closed['id']}/close")
    do(api, ask(api, "erase", subject_id=CHILD, note=note))
    notes = {each["note"] for each in api.read("/v1/privacy/requests")["requests"]}
    assert notes == {"…, mother of …, by phone"}
    assert "Smith" not in dump(connection)


def test_a_child_about_which_nothing_was_stored_does_not_come_later(api: Api) -> None:
    request = ask(api, "erase", subject_id=CHILD)
    api.send("POST", f"/v1/privacy/requests/{request['id']}/close")
    assert api.post_events(build_event(user_id=CHILD)) == {"accepted": 0, "duplicates": 0, "erased": 1}
