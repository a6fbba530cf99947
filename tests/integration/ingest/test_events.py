"""Posting events: which are stored, which count once, and what the answer says."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, text

from metrics_api.db.fact_rules import FactRules
from metrics_api.ingest.events import save_events
from tests.support.api_fixtures import Api
from tests.support.builders import build_clicks, build_event
from tests.support.plans import count_rows_read, watch_statements
from viral_contract.models.events import Event

MAX_EVENTS = 10_000


def count_events(connection: Connection) -> int:
    return connection.execute(text("SELECT count(*) FROM attribution_events")).scalar_one()


def fetch_event(connection: Connection, event_id: str) -> dict[str, object]:
    statement = text("SELECT * FROM attribution_events WHERE event_id = :id")
    return dict(connection.execute(statement, {"id": event_id}).one()._mapping)


def test_one_invalid_event_refuses_the_whole_batch_and_names_event_and_field(api: Api, connection: Connection) -> None:
    events = [*build_clicks(3), build_event() | {"occurred_at": "yesterday"}, build_event()]
    problem = api.refuse(422, "POST", "/v1/events", json={"events": events})
    assert [error["pointer"] for error in problem["errors"]] == ["/events/3/occurred_at"]
    assert problem["code"] == "invalid"
    assert "/events/3/occurred_at" in problem["detail"]
    assert count_events(connection) == 0


def test_every_wrong_value_is_listed(api: Api) -> None:
    events = [{"event_type": "klick", "ip_address": "here"}, build_event(colour="red"), 7]
    pointers = [error["pointer"] for error in api.refuse_events(*events)]
    assert pointers == ["/events/0/event_type", "/events/0/ip_address", "/events/1/colour", "/events/2"]


def test_a_partial_batch_stores_the_valid_events_and_lists_the_rejected(api: Api, connection: Connection) -> None:
    good = build_clicks(3)
    bad = build_event(ip_address="here", device_fingerprint="x" * 129)
    answer = api.post_events(good[0], bad, good[1], {"event_id": str(uuid4())}, good[2], partial=True)
    assert (answer["accepted"], answer["duplicates"]) == (3, 0)
    assert [(item["index"], [error["pointer"] for error in item["errors"]]) for item in answer["rejected"]] == [
        (1, ["/events/1/ip_address", "/events/1/device_fingerprint"]),
        (3, ["/events/3/event_type"]),
    ]
    assert count_events(connection) == 3


def test_a_partial_batch_without_any_valid_event_stores_nothing(api: Api, connection: Connection) -> None:
    answer = api.post_events({"event_type": "klick"}, partial=True)
    assert (answer["accepted"], len(answer["rejected"])) == (0, 1)
    assert count_events(connection) == 0


def test_a_partial_batch_without_rejected_events_says_so(api: Api) -> None:
    assert api.post_events(build_event(), partial=True) == {"accepted": 1, "duplicates": 0, "rejected": []}


def test_a_whole_batch_does_not_speak_of_rejected_events(api: Api) -> None:
    assert api.post_events(build_event()) == {"accepted": 1, "duplicates": 0}


def test_ndjson_is_stored_like_json_and_blank_lines_do_not_count(api: Api, connection: Connection) -> None:
    body = b'{"event_type":"click"}\n\n{"event_type":"visit"}\r\n'
    response = api.send("POST", "/v1/events", data=body, content_type="application/x-ndjson; charset=utf-8")
    assert response.get_json() == {"accepted": 2, "duplicates": 0}
    assert count_events(connection) == 2


def test_an_ndjson_line_that_is_not_json_is_named(api: Api, connection: Connection) -> None:
    body = b'{"event_type":"click"}\n\n{"event_type":'
    problem = api.refuse(400, "POST", "/v1/events", data=body, content_type="application/x-ndjson")
    assert problem["code"] == "not_json"
    assert "Line 3" in problem["detail"]
    assert count_events(connection) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"events": [{"event_type": "click"},]}',
        b'{"events": [{"event_type": "click", "conversion_value": NaN}]}',
        b'{"events": [{"event_type": "click", "conversion_value": -Infinity}]}',
        b'{"events": [{"event_type": "click", "user_id": "\\ud800"}]}',  # A lone surrogate is no character.
        b'{"events": [{"event_type": "click", "user_id": "\xff"}]}',
        b"[" * 100_000,
    ],
)
def test_what_is_not_json_is_answered_400(api: Api, connection: Connection, body: bytes) -> None:
    problem = api.refuse(400, "POST", "/v1/events", data=body, content_type="application/json")
    assert problem["code"] == "not_json"
    assert "errors" not in problem
    assert count_events(connection) == 0


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ("[]", "/events", "must be a list"),
        ("7", "/events", "must be a list"),
        ("{}", "/events", "must be a list"),
        ('{"events": {}}', "/events", "must be a list"),
        ('{"events": []}', "/events", "must hold 1 to 10000 items, not 0"),
        ('{"events": [{"event_type": "click"}], "partial": true}', "/partial", "is not a known field"),
    ],
)
def test_a_body_of_another_shape_is_invalid(api: Api, body: str, pointer: str, detail: str) -> None:
    problem = api.refuse(422, "POST", "/v1/events", data=body, content_type="application/json")
    assert problem["errors"] == [{"pointer": pointer, "detail": detail}]


def test_the_largest_batch_is_stored_and_one_event_more_is_refused(api: Api, connection: Connection) -> None:
    events = [{"event_type": "visit"}] * MAX_EVENTS
    assert api.post_events(*events)["accepted"] == MAX_EVENTS
    errors = api.refuse_events(*events, {"event_type": "visit"})
    assert errors == [{"pointer": "/events", "detail": "must hold 1 to 10000 items, not more"}]
    assert count_events(connection) == MAX_EVENTS


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_another_content_type_is_answered_415(api: Api, content_type: str) -> None:
    problem = api.refuse(415, "POST", "/v1/events", data=b'{"events": []}', content_type=content_type)
    assert problem["code"] == "unsupported_media_type"
    assert "application/json or application/x-ndjson" in problem["detail"]


def test_an_event_twice_in_a_batch_counts_once_and_its_first_copy_wins_whole(api: Api, connection: Connection) -> None:
    first = build_event(user_id="first")
    second = build_event("visit", session_id="second") | {"event_id": first["event_id"]}
    assert api.post_events(first, second) == {"accepted": 1, "duplicates": 1}
    stored = fetch_event(connection, first["event_id"])
    assert (stored["event_type"], stored["user_id"], stored["session_id"]) == ("click", "first", None)


def test_an_event_sent_again_counts_once_and_its_first_copy_wins_whole(api: Api, connection: Connection) -> None:
    first = build_event(ip_address="203.0.113.1")
    api.post_events(first)
    again = api.post_events(first | {"ip_address": "203.0.113.2", "user_id": "second"}, build_event())
    assert again == {"accepted": 1, "duplicates": 1}
    assert fetch_event(connection, first["event_id"])["user_id"] is None
    rows = connection.execute(text("SELECT host(ip_address), clicks FROM clicks_per_ip_day")).all()
    assert rows == [("203.0.113.1", 1)]


def test_events_without_an_id_are_each_counted(api: Api, connection: Connection) -> None:
    assert api.post_events({"event_type": "visit"}, {"event_type": "visit"}) == {"accepted": 2, "duplicates": 0}
    assert count_events(connection) == 2


def test_the_same_id_in_another_spelling_is_the_same_event(api: Api) -> None:
    event = build_event()
    assert api.post_events(event, event | {"event_id": event["event_id"].upper()})["duplicates"] == 1


def test_every_field_is_stored_as_given(api: Api, connection: Connection) -> None:
    given = {
        "device_fingerprint": "d-1",
        "referrer_id": "maria",
        "source": "prep_pack",
        "user_id": "Jörg 🎓",
        "session_id": "s-1",
        "user_agent": 'Mozilla/5.0 (X11; Linux) \\N \\. "quoted"',
        "referrer_url": "https://example.org/?a=b&c=%20",
        "landing_page": "/welcome",
        "conversion_value": -12.5,
        "metadata": {"grade": 7, "tags": ["a", "ü", "\\u0000"], "big": 10**30, "nested": {"ok": True}},
    }
    event = build_event("conversion", **given, ip_address="2001:DB8:0::1")
    api.post_events(event)
    stored = fetch_event(connection, event["event_id"])
    assert {name: stored[name] for name in given} == given
    assert str(stored["ip_address"]) == "2001:db8::1"


def test_a_batch_reads_the_journeys_of_its_people_only(empty_database: Engine) -> None:
    others = """INSERT INTO user_journeys (person, first_click_at)
        SELECT 'user:' || number, now() FROM generate_series(1, 20000) AS number"""
    events = [Event.model_validate(build_event(user_id=str(number))) for number in range(100)]
    with empty_database.begin() as connection:
        connection.execute(text(others))
        connection.execute(text("ANALYZE user_journeys"))
        with watch_statements(connection) as statements:
            save_events(connection, events, FactRules(), now=datetime.now(UTC))
        ((statement, values),) = (sent for sent in statements.sent if "UPDATE user_journeys" in sent[0])
        assert count_rows_read(connection, "user_journeys", statement, values) <= 2 * len(events)
