"""Writing parent shares, progress reels and study sessions: what is stored, replaced, refused and counted."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from tests.support.api_fixtures import Api
from tests.support.builders import NOON
from tests.support.content_builders import (
    CONSENT,
    DAY,
    EMAIL,
    HARMLESS,
    build_media,
    build_reel,
    build_session,
    build_share,
    fetch_counts,
    save,
    save_reels,
    save_shares,
)
from viral_contract.models.people import Scope

Build = Callable[..., dict[str, Any]]


def build_session_of_one(name: str, **fields: Any) -> dict[str, Any]:
    return build_session(name, "anna", **fields)


KINDS = [("parent-shares", build_share), ("progress-reels", build_reel), ("study-sessions", build_session_of_one)]
each_kind = pytest.mark.parametrize(("kind", "build"), KINDS, ids=[kind for kind, _ in KINDS])


def put(api: Api, kind: str, item: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    body = {name: value for name, value in item.items() if name != "id"}
    response = api.send("PUT", f"/v1/{kind}/{item['id']}", json=body)
    return response.status_code, response.get_json(force=True)


def refuse_share(api: Api, **fields: Any) -> list[tuple[str, str]]:
    problem = api.refuse(422, "POST", "/v1/parent-shares", json={"items": [build_share("s", **fields)]})
    return [(error["pointer"], error["detail"]) for error in problem["errors"]]


def fetch_share(connection: Connection, share_id: str = "s") -> dict[str, Any]:
    statement = text("SELECT * FROM parent_shares WHERE share_id = :id")
    return dict(connection.execute(statement, {"id": share_id}).one()._mapping)


@each_kind
def test_an_item_is_created_replaced_and_deleted(api: Api, kind: str, build: Build) -> None:
    assert put(api, kind, build("an/id, of their own")) == (201, {"id": "an/id, of their own", "created": True})
    assert put(api, kind, build("an/id, of their own")) == (200, {"id": "an/id, of their own", "created": False})
    assert api.send("DELETE", f"/v1/{kind}/an/id, of their own").status_code == 204
    assert api.refuse(404, "DELETE", f"/v1/{kind}/an/id, of their own")["code"] == "not_found"


@each_kind
def test_a_batch_says_how_many_are_new(api: Api, kind: str, build: Build) -> None:
    assert save(api, kind, build("a"), build("b")) == {"created": 2, "replaced": 0}
    assert save(api, kind, build("b"), build("c")) == {"created": 1, "replaced": 1}


@each_kind
def test_ndjson_is_taken_like_json(api: Api, kind: str, build: Build) -> None:
    lines = "\n".join(json.dumps(build(name)) for name in "abc")
    response = api.send("POST", f"/v1/{kind}", data=lines, content_type="application/x-ndjson")
    assert response.get_json() == {"created": 3, "replaced": 0}


@each_kind
def test_one_invalid_item_refuses_the_whole_batch(api: Api, connection: Connection, kind: str, build: Build) -> None:
    items = [build("a"), build("b", colour="red"), build("")]
    problem = api.refuse(422, "POST", f"/v1/{kind}", json={"items": items})
    assert [error["pointer"] for error in problem["errors"]] == ["/items/1/colour", "/items/2/id"]
    assert connection.execute(text("SELECT count(*) FROM content_per_day")).scalar_one() == 0


@each_kind
def test_a_partial_batch_stores_the_valid_items_and_lists_the_others(api: Api, kind: str, build: Build) -> None:
    items = [build("a"), build("b", colour="red"), build("c")]
    answer = api.send("POST", f"/v1/{kind}?partial=true", json={"items": items}).get_json()
    assert (answer["created"], answer["replaced"]) == (2, 0)
    assert [rejected["index"] for rejected in answer["rejected"]] == [1]


@each_kind
def test_writing_needs_the_scope_of_services(holder_of: Callable[..., Api], kind: str, build: Build) -> None:
    reader = holder_of(Scope.METRICS_READ, Scope.ALERTS_WRITE)
    for method, path in (("PUT", f"/v1/{kind}/a"), ("POST", f"/v1/{kind}"), ("DELETE", f"/v1/{kind}/a")):
        assert reader.refuse(403, method, path, json=build("a"))["code"] == "missing_scope"


@each_kind
def test_an_item_without_a_time_was_created_now_and_keeps_that_time(
    api: Api, connection: Connection, kind: str, build: Build
) -> None:
    fact = kind.replace("-", "_").removesuffix("s")
    today = str(datetime.now(UTC).date())
    save(api, kind, build("a", inserted_at=None))
    assert fetch_counts(connection, fact, today)[0] == 1
    save(api, kind, build("a"))
    assert (fetch_counts(connection, fact, today)[0], fetch_counts(connection, fact)[0]) == (0, 1)
    save(api, kind, build("a", inserted_at=None))
    assert (fetch_counts(connection, fact, today)[0], fetch_counts(connection, fact)[0]) == (0, 1)


@each_kind
def test_of_an_id_twice_in_a_batch_the_last_copy_wins_whole(
    api: Api, connection: Connection, kind: str, build: Build
) -> None:
    fact = kind.replace("-", "_").removesuffix("s")
    tomorrow = NOON + timedelta(days=1)
    assert save(api, kind, build("a"), build("a", inserted_at=tomorrow.isoformat())) == {"created": 1, "replaced": 1}
    assert (fetch_counts(connection, fact)[0], fetch_counts(connection, fact, str(tomorrow.date()))[0]) == (0, 1)


@each_kind
def test_an_item_counts_on_the_utc_date_of_its_creation(
    api: Api, connection: Connection, kind: str, build: Build
) -> None:
    fact = kind.replace("-", "_").removesuffix("s")
    save(api, kind, build("a", inserted_at="2026-03-04T23:59:59.999999Z"))
    save(api, kind, build("b", inserted_at="2026-03-05T00:00:00Z"))
    save(api, kind, build("c", inserted_at="2026-03-05T01:30:00+02:00"))
    assert [fetch_counts(connection, fact, day)[0] for day in ("2026-03-04", "2026-03-05")] == [2, 1]


def test_a_share_counts_as_unopened_until_it_is_viewed(api: Api, connection: Connection) -> None:
    save_shares(api, build_share("a", view_count=0), build_share("b", view_count=0), build_share("c"))
    assert fetch_counts(connection, "parent_share") == (3, 2, 0, 3, 0)
    save_shares(api, build_share("a", view_count=1))
    assert fetch_counts(connection, "parent_share") == (3, 1, 0, 3, 0)
    api.send("DELETE", "/v1/parent-shares/b")
    assert fetch_counts(connection, "parent_share") == (2, 0, 0, 2, 0)


def test_a_violating_item_is_counted_as_such_until_it_is_replaced(api: Api, connection: Connection) -> None:
    save_reels(api, build_reel("a", EMAIL), build_reel("b"))
    assert fetch_counts(connection, "progress_reel") == (2, 2, 0, 2, 1)
    save_reels(api, build_reel("a", HARMLESS))
    assert fetch_counts(connection, "progress_reel") == (2, 2, 0, 2, 0)


def test_a_participant_named_twice_counts_once(api: Api, connection: Connection) -> None:
    save(api, "study-sessions", build_session("a", "anna", "ben", "anna"), build_session("b"))
    assert fetch_counts(connection, "study_session") == (2, 0, 2, 0, 0)
    stored = connection.execute(text("SELECT participant_ids FROM study_sessions ORDER BY session_id")).scalars().all()
    assert stored == [["anna", "ben"], []]
    save(api, "study-sessions", build_session("a", "anna"))
    assert fetch_counts(connection, "study_session") == (2, 0, 1, 0, 0)


def test_a_session_may_have_1000_participants_and_no_more(api: Api) -> None:
    people = [f"p-{number}" for number in range(1001)]
    assert save(api, "study-sessions", build_session("a", *people[:1000], *people[:1000]))["created"] == 1
    problem = api.refuse(422, "POST", "/v1/study-sessions", json={"items": [build_session("b", *people)]})
    assert problem["errors"] == [
        {"pointer": "/items/0/participant_ids", "detail": "must have at most 1000 participants, not 1001"}
    ]


def test_data_is_stored_as_given(api: Api, connection: Connection) -> None:
    data = {"text": 'Jörg 🎓 \\N "quoted" \\u0000', "big": 10**30, "float": -0.5, "nested": [{"ok": None}, [], {}]}
    media = [{**build_media(of_child=False), "consent": None}, build_media("video", consent=CONSENT)]
    save_shares(api, build_share("s", data, share_type="streak", actor="parent", media=media, view_count=7))
    stored = fetch_share(connection)
    assert stored["share_data"] == data
    assert (stored["share_type"], stored["actor"], stored["view_count"]) == ("streak", "parent", 7)
    assert [(item["kind"], item["of_child"], bool(item["consent"])) for item in stored["media"]] == [
        ("photo", False, False),
        ("video", True, True),
    ]


def test_optional_values_may_be_null_or_empty(api: Api, connection: Connection) -> None:
    save_shares(api, build_share("s", {}, share_type="", actor=None, media=None))
    stored = fetch_share(connection)
    assert (stored["share_type"], stored["actor"], stored["media"]) == (None, "child", [])
    save_reels(api, build_reel("r", {}, view_count=None, reel_type=None))
    assert fetch_counts(connection, "progress_reel")[:2] == (1, 1)


@pytest.mark.parametrize("filler", ["x", "ü", "🎓"])
def test_data_may_have_64_kib_of_utf_8(api: Api, filler: str) -> None:
    size = len(filler.encode())
    data = {"a": filler * ((65_536 - len('{"a":""}')) // size)}
    save_shares(api, build_share("s", data))
    error = ("/items/0/share_data", "must be at most 65536 bytes of JSON")
    assert refuse_share(api, data={"a": data["a"] + filler}) == [error]


@pytest.mark.parametrize(
    ("fields", "pointer", "detail"),
    [
        ({"data": "text"}, "/share_data", "must be an object"),
        ({"data": None}, "/share_data", "must be an object"),
        ({"data": ["a"]}, "/share_data", "must be an object"),
        ({"data": {"a": "\0"}}, "/share_data", "must not contain the character U+0000"),
        ({"data": {"a\0": 1}}, "/share_data", "must not contain the character U+0000"),
        ({"view_count": -1}, "/view_count", "must be at least 0"),
        ({"view_count": 1.5}, "/view_count", "must be a whole number"),
        ({"view_count": "7"}, "/view_count", "must be a whole number"),
        ({"view_count": True}, "/view_count", "must be a whole number"),
        ({"view_count": None}, "/view_count", "must be a whole number"),
        ({"view_count": 2**63}, "/view_count", "must be at most 9007199254740992"),
        ({"actor": "teacher"}, "/actor", "must be 'child' or 'parent'"),
        ({"share_type": "x" * 129}, "/share_type", "must have at most 128 characters"),
        ({"inserted_at": "yesterday"}, "/inserted_at", "must be an RFC 3339 time such as 2026-03-01T09:30:00Z"),
        ({"inserted_at": "2999-01-01T00:00:00Z"}, "/inserted_at", "is more than 5 minutes in the future"),
        ({"media": "photo"}, "/media", "must be a list"),
        ({"media": [build_media()] * 51}, "/media", "must have at most 50 items"),
        ({"media": [{"kind": "photo"}]}, "/media/0/of_child", "is required"),
        ({"media": [build_media("drawing")]}, "/media/0/kind", "must be 'photo', 'video' or 'audio'"),
        ({"media": [{**build_media(), "of_child": "no"}]}, "/media/0/of_child", "must be true or false"),
        ({"media": [build_media(consent=True)]}, "/media/0/consent", "must be an object"),
        ({"media": [build_media(consent={})]}, "/media/0/consent/recorded_at", "is required"),
        (
            {"media": [build_media(consent={**CONSENT, "method": ""})]},
            "/media/0/consent/method",
            "must have at least 1 characters",
        ),
        (
            {"media": [build_media(consent={**CONSENT, "recorded_at": "2999-01-01T00:00:00Z"})]},
            "/media/0/consent/recorded_at",
            "is more than 5 minutes in the future",
        ),
    ],
)
def test_a_value_that_is_not_allowed_is_named(api: Api, fields: dict[str, Any], pointer: str, detail: str) -> None:
    assert (f"/items/0{pointer}", detail) in refuse_share(api, **fields)


def test_a_share_must_say_its_data_and_its_views(api: Api) -> None:
    problem = api.refuse(422, "PUT", "/v1/parent-shares/s", json={})
    assert [error["pointer"] for error in problem["errors"]] == ["/share_data", "/view_count"]


def test_an_id_in_the_path_is_checked_like_one_in_a_batch(api: Api) -> None:
    problem = api.refuse(422, "PUT", f"/v1/parent-shares/{'x' * 129}", json={"share_data": {}, "view_count": 0})
    assert [error["pointer"] for error in problem["errors"]] == ["/id"]


def test_data_that_nests_deeper_than_is_sensible_is_not_json(api: Api) -> None:
    nested = '{"items": [{"id": "s", "view_count": 0, "share_data": ' + '{"a":' * 300 + "1" + "}" * 302
    assert api.refuse(400, "POST", "/v1/parent-shares", data=nested, content_type="application/json")


def test_long_keys_and_many_violations_are_stored_without_harm(api: Api, connection: Connection) -> None:
    save_shares(api, build_share("s", {"k" * 5000: {"ü" * 3000: "write to john@example.com"}}))
    emails = {f"k{number}": f"write to a{number}@example.com" for number in range(500)}
    save_reels(api, build_reel("r", emails))
    counted = "SELECT count(*), max(char_length(path)) FROM violations GROUP BY content_kind ORDER BY content_kind"
    assert connection.execute(text(counted)).all() == [(1, 400), (200, 5)]
    assert fetch_counts(connection, "progress_reel", DAY) == (1, 1, 0, 1, 1)


def test_ten_thousand_items_are_stored_at_once(api: Api, connection: Connection) -> None:
    shares = [build_share(f"s-{number}", {}, view_count=number % 4) for number in range(10_000)]
    assert save_shares(api, *shares) == {"created": 10_000, "replaced": 0}
    assert save_shares(api, *shares[:5000]) == {"created": 0, "replaced": 5000}
    assert fetch_counts(connection, "parent_share") == (10_000, 2500, 0, 10_000, 0)
