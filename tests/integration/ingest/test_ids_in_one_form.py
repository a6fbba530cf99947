"""Ids are compared in Unicode NFC: the same name is the same id however a keyboard or a file has spelled it."""

import unicodedata
from urllib.parse import quote

import pytest
from sqlalchemy import Connection, text

from metrics_api.batches.steps import start_due_rebuild
from metrics_api.db.database import Database
from metrics_api.db.migrate import upgrade
from tests.support.api_fixtures import Api
from tests.support.batches import finish_batches
from tests.support.brute_force import fetch_facts
from tests.support.builders import build_event, build_link
from tests.support.content_builders import build_reel, build_session, build_share, save, save_reels, save_shares
from tests.support.privacy_requests import ask, do

NFC = unicodedata.normalize("NFC", "Zoë-kïd-é")
NFD = unicodedata.normalize("NFD", NFC)
MIXED = unicodedata.normalize("NFC", "Zoë-") + unicodedata.normalize("NFD", "kïd-é")
FORMS = (NFC, NFD, MIXED)


def _post_in_every_form(api: Api) -> None:
    for form in FORMS:
        others = dict.fromkeys(("link_id", "session_id", "device_fingerprint", "source"), form)
        api.post_events(build_event(user_id=form, **others))
        api.post_events(build_event("signup", user_id=f"friend of {form}", referrer_id=form))


def test_events_in_every_form_are_of_one_user(api: Api, connection: Connection) -> None:
    _post_in_every_form(api)
    assert do(api, ask(api, "erase", subject_id=NFD))["result"]["attribution_events"] == 3
    assert connection.execute(text("SELECT referrer_id FROM attribution_events")).scalars().all() == [None] * 3
    people = connection.execute(text("SELECT person FROM user_journeys ORDER BY 1")).scalars().all()
    assert people == [f"user:friend of {NFC}"]


@pytest.mark.parametrize("kind", ["session", "device"])
def test_a_session_and_a_device_are_found_in_every_form(api: Api, kind: str) -> None:
    _post_in_every_form(api)
    exported = do(api, ask(api, "export", subject_kind=kind, subject_id=MIXED))
    assert len(exported["data"]["attribution_events"]) == 3


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("links", {"referrer_id": NFD, "source": "s"}),
        ("parent-shares", {"share_data": {}, "view_count": 0}),
        ("progress-reels", {"reel_data": {}}),
        ("study-sessions", {"participant_ids": [NFC, NFD]}),
    ],
)
def test_items_are_found_in_every_form(api: Api, path: str, body: dict[str, object]) -> None:
    saved = [api.send("PUT", f"/v1/{path}/{quote(form)}", json=body) for form in FORMS]
    assert [answer.status_code for answer in saved] == [201, 200, 200]
    assert {answer.get_json()["id"] for answer in saved} == {NFC}
    bulk = api.send("POST", f"/v1/{path}", json={"items": [{**body, "id": form} for form in FORMS]})
    assert bulk.get_json()["created"] == 0
    deleted = [api.send("DELETE", f"/v1/{path}/{quote(form)}").status_code for form in (NFD, NFC)]
    assert deleted == [204, 404]


def test_credit_comes_by_a_link_in_another_form(api: Api, connection: Connection) -> None:
    api.send("PUT", f"/v1/links/{quote(NFC)}", json={"referrer_id": NFD, "source": "s"})
    api.post_events(build_event(link_id=NFD))
    assert connection.execute(text("SELECT referrer_id FROM attribution_events")).scalar_one() == NFC


def test_a_loop_and_an_investigation_are_asked_for_in_any_form(api: Api) -> None:
    _post_in_every_form(api)
    period = {"start": "2026-01-01", "end": "2026-03-31"}
    funnel = api.read("/v1/growth/funnel", source=NFD, **period)
    assert funnel["steps"][0]["count"] == 1
    for kind in ("devices", "referrers"):
        found = api.read(f"/v1/investigations/{kind}/{quote(NFD)}", **period)
        assert len(found["events"]) == 3


def test_a_participant_leaves_in_every_form(api: Api, connection: Connection) -> None:
    save(api, "study-sessions", build_session("s", NFD, "friend", MIXED))
    do(api, ask(api, "erase", subject_id=NFC))
    assert connection.execute(text("SELECT participant_ids FROM study_sessions")).scalar_one() == ["friend"]


@pytest.mark.parametrize("data", [{"by": NFD}, {"scores": [{MIXED: 3}]}, {"text": "\n\u0303", "to": [MIXED]}, {NFC: 0}])
def test_a_mention_is_found_in_every_form(api: Api, data: dict[str, object]) -> None:
    save_shares(api, build_share("s", data), build_share("other", {"by": "Zoe-kid-e"}))
    save_reels(api, build_reel("r", data), build_reel("other", {"by": f"{NFD}7"}))
    erased = do(api, ask(api, "erase", subject_id=NFC))["result"]
    assert (erased["parent_shares"], erased["progress_reels"]) == (1, 1)


@pytest.mark.parametrize("written", [NFD, MIXED, quote(NFC), quote(NFD), quote(NFC).replace("C3%AB", "c3%ab")])
def test_an_address_of_a_credited_event_is_cleared_in_every_form(
    api: Api, connection: Connection, written: str
) -> None:
    api.post_events(build_event("visit", user_id="friend", referrer_id=NFD, landing_page=f"/join?ref={written}&x=1"))
    do(api, ask(api, "erase", subject_id=NFC))
    assert connection.execute(text("SELECT landing_page FROM attribution_events")).scalar_one() is None


def test_an_id_is_measured_as_it_is_stored(api: Api) -> None:
    longest = "\u0065\u0301" * 128
    assert api.post_events(build_event(user_id=longest))["accepted"] == 1
    [error] = api.refuse_events(build_event(user_id=longest + "e"))
    assert error["pointer"] == "/events/0/user_id"


@pytest.fixture
def old_release(api: Api, connection: Connection) -> Connection:
    """What an older release has stored: ids as they came."""
    api.post_events(build_event(user_id="friend", referrer_id="plain", link_id="plain"))
    _post_in_every_form(api)
    links = [build_link(NFC, referrer_id=NFC), build_link("other", referrer_id=NFC)]
    api.send("POST", "/v1/links", json={"items": links})
    save_shares(api, build_share(NFC, {"note": "write to a@example.com"}))
    save(api, "study-sessions", build_session("s", NFC, "friend"))
    return connection


_SPELL_OTHERWISE = (
    "UPDATE attribution_events SET user_id = normalize(user_id, NFD), referrer_id = normalize(referrer_id, NFD)",
    "UPDATE attribution_links SET link_id = normalize(link_id, NFD), referrer_id = normalize(referrer_id, NFD)",
    "INSERT INTO parent_shares SELECT (item).* FROM (SELECT jsonb_populate_record(s, jsonb_build_object('share_id',"
    " normalize(share_id, NFD))) AS item FROM parent_shares s) AS copies",
    "UPDATE violations SET content_id = normalize(content_id, NFD)",
    "UPDATE study_sessions SET participant_ids = ARRAY[normalize(participant_ids[1], NFD)] || participant_ids",
    "UPDATE user_journeys SET person = normalize(person, NFD)",
)


def test_what_an_older_release_stored_is_brought_into_one_form(
    api: Api, old_release: Connection, database: Database, database_url: str
) -> None:
    before = fetch_facts(old_release)
    for statement in _SPELL_OTHERWISE:
        old_release.execute(text(statement))
    head = old_release.execute(
        text("UPDATE alembic_version SET version_num = '0018' RETURNING old.version_num")
    ).scalar_one()
    upgrade(database_url, "0019")
    # The tables are of this release already, which the later migrations must not make again.
    old_release.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": head})
    with database.write() as connection:
        assert start_due_rebuild(connection) is not None
    finish_batches(api, old_release)
    with database.write() as connection:
        assert start_due_rebuild(connection) is None
    assert fetch_facts(old_release) == before
    erased = do(api, ask(api, "erase", subject_id=NFC))["result"]
    assert (erased["attribution_events"], erased["attribution_links"], erased["study_sessions"]) == (3, 2, 1)
    assert old_release.execute(text("SELECT share_id, count(*) OVER () FROM parent_shares")).one() == (NFC, 1)
    assert old_release.execute(text("SELECT content_id FROM violations")).scalar_one() == NFC
