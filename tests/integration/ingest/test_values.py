"""Which values of an event are allowed, and the sentences about those that are not."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from tests.support.api_fixtures import Api
from tests.support.builders import build_event

ID_FIELDS = ["device_fingerprint", "link_id", "referrer_id", "user_id", "session_id", "source"]
TEXT_FIELDS = ["user_agent", "referrer_url", "landing_page"]
NOT_A_TYPE = "must be 'click', 'visit', 'signup', 'conversion' or 'activation'"
NOT_A_UUID = "must be a UUID such as 1b4e28ba-2fa1-4d2c-883f-0016d3cca427"
NOT_A_TIME = "must be an RFC 3339 time such as 2026-03-01T09:30:00Z"
NOT_AN_ADDRESS = "must be an IPv4 or IPv6 address"
CONTROL = "must not contain control characters"


def fetch_only_event(connection: Connection) -> dict[str, Any]:
    return dict(connection.execute(text("SELECT * FROM attribution_events")).one()._mapping)


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("event_type", "klick", NOT_A_TYPE),
        ("event_type", None, NOT_A_TYPE),
        ("event_id", "7", NOT_A_UUID),
        ("event_id", 7, NOT_A_UUID),
        ("occurred_at", "yesterday", NOT_A_TIME),
        ("occurred_at", "", NOT_A_TIME),
        ("occurred_at", 1772366400, NOT_A_TIME),
        ("occurred_at", "1772366400", NOT_A_TIME),
        ("occurred_at", "2026-03-01", NOT_A_TIME),
        ("occurred_at", "2026-03-01T25:00:00Z", NOT_A_TIME),
        ("occurred_at", "2026-02-30T00:00:00Z", NOT_A_TIME),
        ("occurred_at", "infinity", NOT_A_TIME),
        ("occurred_at", "2026-03-01T09:30:00", "must name its time zone, as 2026-03-01T09:30:00Z does"),
        ("occurred_at", "0001-01-01T00:00:00+05:00", "is out of range"),
        ("occurred_at", "9999-12-31T23:59:59Z", "is more than 5 minutes in the future"),
        ("ip_address", "localhost", NOT_AN_ADDRESS),
        ("ip_address", "203.0.113.256", NOT_AN_ADDRESS),
        ("ip_address", "203.0.113.0/24", NOT_AN_ADDRESS),
        ("ip_address", " 203.0.113.1", NOT_AN_ADDRESS),
        ("ip_address", 3405803777, NOT_AN_ADDRESS),
        ("ip_address", "203.0.113.1\x00", NOT_AN_ADDRESS),
        ("ip_address", "fe80::1%eth0", "must be an IP address without a zone"),
        ("user_id", 7, "must be text"),
        ("user_id", ["a"], "must be text"),
        ("user_agent", {}, "must be text"),
        ("conversion_value", "12.50", "must be a number"),
        ("conversion_value", True, "must be a number"),
        ("conversion_value", 10**400, "must be a number"),
        ("metadata", "{}", "must be an object"),
        ("metadata", ["a"], "must be an object"),
        ("metadata", {"a": "b\x00c"}, "must not contain the character U+0000"),
        ("metadata", {"a\x00": 1}, "must not contain the character U+0000"),
        ("metadata", {"a": {"b": ["\\\x00"]}}, "must not contain the character U+0000"),
        ("metadata", {"a": 10**4200}, "must be at most 4096 bytes of JSON"),
        ("colour", "red", "is not a known field"),
        *((field, "x" * 129, "must have at most 128 characters") for field in ID_FIELDS),
        *((field, "x" * 2049, "must have at most 2048 characters") for field in TEXT_FIELDS),
        *((field, "a\x00b", CONTROL) for field in ID_FIELDS + TEXT_FIELDS),
        *(("user_id", f"a{character}b", CONTROL) for character in "\t\n\r\x1f\x7f\x80\x9f"),
    ],
)
def test_a_value_that_is_not_allowed_is_answered_by_a_plain_sentence(
    api: Api, field: str, value: object, detail: str
) -> None:
    assert api.refuse_events(build_event() | {field: value}) == [{"pointer": f"/events/0/{field}", "detail": detail}]


def test_an_event_without_a_type_is_told_so(api: Api) -> None:
    assert api.refuse_events({}) == [{"pointer": "/events/0/event_type", "detail": "is required"}]


def test_an_event_that_is_no_object_is_told_so(api: Api) -> None:
    assert api.refuse_events("click") == [{"pointer": "/events/0", "detail": "must be an object"}]  # type: ignore[arg-type]


def test_numbers_beyond_every_range_are_told_so(api: Api) -> None:
    body = '{"events": [{"event_type": "click", "conversion_value": 1e400, "metadata": {"a": 1e400}}]}'
    problem = api.refuse(422, "POST", "/v1/events", data=body, content_type="application/json")
    assert problem["errors"] == [
        {"pointer": "/events/0/conversion_value", "detail": "must be a number"},
        {"pointer": "/events/0/metadata", "detail": "must not contain numbers out of range"},
    ]


def test_a_field_name_is_escaped_in_its_pointer(api: Api) -> None:
    assert api.refuse_events(build_event() | {"a/b~c": 1})[0]["pointer"] == "/events/0/a~1b~0c"


@pytest.mark.parametrize("field", [*ID_FIELDS, *TEXT_FIELDS, "ip_address"])
def test_an_empty_string_is_null(api: Api, connection: Connection, field: str) -> None:
    api.post_events(build_event() | {field: ""})
    assert fetch_only_event(connection)[field] is None


@pytest.mark.parametrize("field", [*ID_FIELDS, *TEXT_FIELDS, "ip_address", "conversion_value", "metadata"])
def test_null_is_like_an_absent_field(api: Api, connection: Connection, field: str) -> None:
    api.post_events(build_event() | {field: None})
    assert fetch_only_event(connection)[field] is None


@pytest.mark.parametrize(("field", "length"), [*((f, 128) for f in ID_FIELDS), *((f, 2048) for f in TEXT_FIELDS)])
def test_the_longest_value_is_stored_whole(api: Api, connection: Connection, field: str, length: int) -> None:
    api.post_events(build_event() | {field: "🎓" * length})
    assert fetch_only_event(connection)[field] == "🎓" * length


@pytest.mark.parametrize("filler", ["x", "é", "🎓"])
def test_metadata_may_have_4_kib_of_utf_8(api: Api, connection: Connection, filler: str) -> None:
    room = 4096 - len('{"a":""}')
    value = filler * (room // len(filler.encode()))
    padding = "x" * (room - len(value.encode()))
    api.post_events(build_event(metadata={"a": value + padding}))
    assert fetch_only_event(connection)["metadata"] == {"a": value + padding}
    errors = api.refuse_events(build_event(metadata={"a": value + padding + "x"}))
    assert errors == [{"pointer": "/events/0/metadata", "detail": "must be at most 4096 bytes of JSON"}]


@pytest.mark.parametrize(
    ("given", "stored", "network"),
    [
        ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.7"),
        ("::FFFF:CB00:7107", "203.0.113.7", "203.0.113.7"),
        ("2001:0DB8:0000::0001", "2001:db8::1", "2001:db8::/64"),
        ("203.0.113.7", "203.0.113.7", "203.0.113.7"),
    ],
)
def test_an_address_is_stored_in_its_canonical_form_and_counted_by_its_network(
    api: Api, connection: Connection, given: str, stored: str, network: str
) -> None:
    api.post_events(build_event(ip_address=given))
    assert str(fetch_only_event(connection)["ip_address"]) == stored
    assert connection.execute(text("SELECT abbrev(ip_address) FROM clicks_per_ip_day")).scalar_one() == network


@pytest.mark.parametrize("ahead", [timedelta(minutes=4, seconds=50), timedelta(0), -timedelta(days=3000)])
def test_an_event_may_lie_in_the_past_and_up_to_5_minutes_ahead(api: Api, ahead: timedelta) -> None:
    assert api.post_events(build_event(at=datetime.now(UTC) + ahead))["accepted"] == 1


def test_an_event_more_than_5_minutes_ahead_is_invalid(api: Api) -> None:
    errors = api.refuse_events(build_event(at=datetime.now(UTC) + timedelta(minutes=5, seconds=10)))
    assert errors == [{"pointer": "/events/0/occurred_at", "detail": "is more than 5 minutes in the future"}]


def test_an_event_without_a_time_happens_now(api: Api, connection: Connection) -> None:
    before = datetime.now(UTC)
    api.post_events({"event_type": "click"})
    assert before <= fetch_only_event(connection)["occurred_at"] <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("given", "day"),
    [
        ("2025-12-31T23:59:59.999999Z", date(2025, 12, 31)),
        ("2026-01-01T00:00:00Z", date(2026, 1, 1)),
        ("2026-01-01T01:30:00+02:00", date(2025, 12, 31)),
        ("2026-01-01 00:30:00-01:00", date(2026, 1, 1)),
        ("0001-01-01T00:00:00Z", date(1, 1, 1)),
    ],
)
def test_a_late_event_is_counted_on_its_own_utc_date(api: Api, connection: Connection, given: str, day: date) -> None:
    fields = {"ip_address": "203.0.113.7", "device_fingerprint": "d", "referrer_id": "maria"}
    api.post_events(build_event(**fields) | {"occurred_at": given})
    for table in ("clicks_per_ip_day", "clicks_per_device_day", "activity_per_referrer_day"):
        assert connection.execute(text(f"SELECT day FROM {table}")).scalars().all() == [day]


def test_events_without_address_or_device_are_stored_and_never_flagged(api: Api, connection: Connection) -> None:
    now = datetime.now(UTC)
    api.post_events(*(build_event(at=now) for _ in range(50)))
    assert api.read("/v1/guardrails/fraud")["suspicious_ips"] == []
    assert api.read("/v1/guardrails/bots")["bot_like_devices"] == []
    assert connection.execute(text("SELECT count(*) FROM attribution_events")).scalar_one() == 50
