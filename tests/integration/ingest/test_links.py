"""Links: who gets the credit for an event, and the facts about links themselves."""

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Connection, text

from tests.support.api_fixtures import Api
from tests.support.builders import build_event, build_link

MARCH_1 = {"inserted_at": "2026-03-01T10:00:00Z"}
MARCH_2 = {"inserted_at": "2026-03-02T10:00:00Z"}


def put_link(api: Api, id: str, status: int = 201, **fields: Any) -> None:  # noqa: A002 - the contract's name.
    body = {"referrer_id": "maria", "source": "buddy_challenge", **fields}
    response = api.send("PUT", f"/v1/links/{quote(id, safe='')}", json=body)
    assert response.status_code == status, response.text
    assert response.get_json() == {"id": id, "created": status == 201}


def post_links(api: Api, *links: dict[str, Any]) -> dict[str, Any]:
    response = api.send("POST", "/v1/links", json={"items": list(links)})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.get_json()
    return answer


def fetch_credit(connection: Connection, event: dict[str, Any]) -> tuple[Any, ...]:
    statement = text("SELECT referrer_id, source FROM attribution_events WHERE event_id = :id")
    return tuple(connection.execute(statement, {"id": event["event_id"]}).one())


def fetch_counts(connection: Connection, link_id: str) -> tuple[int, int]:
    statement = text("SELECT click_count, conversion_count FROM attribution_links WHERE link_id = :id")
    clicks, conversions = connection.execute(statement, {"id": link_id}).one()
    return clicks, conversions


def fetch_content(connection: Connection) -> list[tuple[date, int, int]]:
    """Items and unopened ones by day, without days that have none."""
    statement = text("""SELECT day, items, unopened FROM content_per_day
        WHERE kind = 'link' AND (items <> 0 OR unopened <> 0) ORDER BY day""")
    return [tuple(row) for row in connection.execute(statement)]  # type: ignore[misc]


def fetch_invites(connection: Connection) -> list[tuple[date, str, str, int]]:
    statement = text("""SELECT day, referrer_id, source, invites FROM activity_per_referrer_day
        WHERE invites <> 0 ORDER BY day, referrer_id, source""")
    return [tuple(row) for row in connection.execute(statement)]  # type: ignore[misc]


def test_referrer_and_source_come_from_the_link_and_not_from_the_event(api: Api, connection: Connection) -> None:
    put_link(api, "l-1")
    event = build_event(link_id="l-1", referrer_id="mallory", source="prep_pack")
    api.post_events(event)
    assert fetch_credit(connection, event) == ("maria", "buddy_challenge")


def test_an_unknown_link_is_accepted_and_the_event_keeps_its_own_credit(api: Api, connection: Connection) -> None:
    event = build_event(link_id="unknown", referrer_id="ben", source="prep_pack")
    api.post_events(event)
    assert fetch_credit(connection, event) == ("ben", "prep_pack")


def test_a_changed_link_changes_the_credit_of_future_events_only(api: Api, connection: Connection) -> None:
    put_link(api, "l-1")
    before, after = build_event(link_id="l-1"), build_event(link_id="l-1")
    api.post_events(before)
    put_link(api, "l-1", 200, referrer_id="ben", source="prep_pack")
    api.post_events(after)
    assert fetch_credit(connection, before) == ("maria", "buddy_challenge")
    assert fetch_credit(connection, after) == ("ben", "prep_pack")


def test_a_link_counts_its_clicks_and_conversions(api: Api, connection: Connection) -> None:
    put_link(api, "l-1")
    kinds = ["click", "click", "conversion", "visit", "signup", "activation"]
    api.post_events(*(build_event(kind, link_id="l-1") for kind in kinds), build_event(link_id="l-2"))
    assert fetch_counts(connection, "l-1") == (2, 1)
    api.post_events(build_event(link_id="l-1"))
    assert fetch_counts(connection, "l-1") == (3, 1)


def test_a_link_announced_after_its_events_starts_with_its_true_counts(api: Api, connection: Connection) -> None:
    api.post_events(build_event(link_id="l-1"), build_event("conversion", link_id="l-1"), build_event(link_id="l-1"))
    put_link(api, "l-1", **MARCH_1)
    assert fetch_counts(connection, "l-1") == (2, 1)
    assert fetch_content(connection) == [(date(2026, 3, 1), 1, 0)]


def test_a_replaced_link_keeps_its_counts_and_its_time(api: Api, connection: Connection) -> None:
    put_link(api, "l-1", **MARCH_1)
    api.post_events(build_event(link_id="l-1"))
    put_link(api, "l-1", 200, campaign="spring")
    assert fetch_counts(connection, "l-1") == (1, 0)
    assert fetch_content(connection) == [(date(2026, 3, 1), 1, 0)]


def test_an_invite_counts_for_its_referrer_loop_and_day_and_moves_with_the_link(
    api: Api, connection: Connection
) -> None:
    put_link(api, "l-1", **MARCH_1)
    put_link(api, "l-2", **MARCH_1)
    assert fetch_invites(connection) == [(date(2026, 3, 1), "maria", "buddy_challenge", 2)]
    put_link(api, "l-2", 200, referrer_id="ben", source="prep_pack", **MARCH_2)
    assert fetch_invites(connection) == [
        (date(2026, 3, 1), "maria", "buddy_challenge", 1),
        (date(2026, 3, 2), "ben", "prep_pack", 1),
    ]


def test_a_link_is_opened_by_its_first_click_only(api: Api, connection: Connection) -> None:
    post_links(api, build_link("l-1", **MARCH_1), build_link("l-2", **MARCH_1), build_link("l-3", **MARCH_2))
    api.post_events(build_event("conversion", link_id="l-2"), build_event("visit", link_id="l-3"))
    assert fetch_content(connection) == [(date(2026, 3, 1), 2, 2), (date(2026, 3, 2), 1, 1)]
    for _ in range(2):
        api.post_events(build_event(link_id="l-1"), build_event(link_id="l-1"))
    assert fetch_content(connection) == [(date(2026, 3, 1), 2, 1), (date(2026, 3, 2), 1, 1)]


def test_links_that_swap_their_days_take_their_unopened_count_along(api: Api, connection: Connection) -> None:
    post_links(api, build_link("opened", **MARCH_1), build_link("unopened", **MARCH_2))
    api.post_events(build_event(link_id="opened"))
    post_links(api, build_link("opened", **MARCH_2), build_link("unopened", **MARCH_1))
    assert fetch_content(connection) == [(date(2026, 3, 1), 1, 1), (date(2026, 3, 2), 1, 0)]


def test_a_deleted_link_leaves_the_facts_about_links_but_its_events_stay(api: Api, connection: Connection) -> None:
    post_links(api, build_link("l-1", **MARCH_1), build_link("l-2", **MARCH_1))
    event = build_event(link_id="l-1")
    api.post_events(event)
    assert api.send("DELETE", "/v1/links/l-1").status_code == 204
    assert fetch_content(connection) == [(date(2026, 3, 1), 1, 1)]
    assert fetch_invites(connection) == [(date(2026, 3, 1), "maria", "buddy_challenge", 1)]
    assert fetch_credit(connection, event) == ("maria", "buddy_challenge")
    assert api.refuse(404, "DELETE", "/v1/links/l-1")["code"] == "not_found"


def test_a_link_that_comes_back_counts_its_events_again(api: Api, connection: Connection) -> None:
    put_link(api, "l-1")
    api.post_events(build_event(link_id="l-1"))
    api.send("DELETE", "/v1/links/l-1")
    api.post_events(build_event(link_id="l-1"))
    put_link(api, "l-1")
    assert fetch_counts(connection, "l-1") == (2, 0)


def test_a_batch_of_links_tells_created_from_replaced_and_of_two_copies_the_last_wins(
    api: Api, connection: Connection
) -> None:
    put_link(api, "l-1", **MARCH_1)
    answer = post_links(api, build_link("l-1"), build_link("l-2"), build_link("l-2", source="prep_pack", **MARCH_2))
    assert answer == {"created": 1, "replaced": 2}
    assert fetch_invites(connection) == [
        (date(2026, 3, 1), "maria", "buddy_challenge", 1),
        (date(2026, 3, 2), "maria", "prep_pack", 1),
    ]


def test_one_invalid_link_refuses_the_batch_unless_it_is_partial(api: Api, connection: Connection) -> None:
    items = [build_link("l-1"), build_link("l-2", referrer_id=""), {"id": "l-3"}]
    problem = api.refuse(422, "POST", "/v1/links", json={"items": items})
    assert [error["pointer"] for error in problem["errors"]] == [
        "/items/1/referrer_id",
        "/items/2/referrer_id",
        "/items/2/source",
    ]
    assert fetch_content(connection) == []
    response = api.send("POST", "/v1/links?partial=true", json={"items": items})
    assert (response.get_json()["created"], [item["index"] for item in response.get_json()["rejected"]]) == (1, [1, 2])


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("referrer_id", "", "must have at least 1 characters"),
        ("referrer_id", None, "must be text"),
        ("source", "x" * 129, "must have at most 128 characters"),
        ("target_url", "x" * 2049, "must have at most 2048 characters"),
        ("inserted_at", "tomorrow", "must be an RFC 3339 time such as 2026-03-01T09:30:00Z"),
        ("inserted_at", "9999-01-01T00:00:00Z", "is more than 5 minutes in the future"),
        ("click_count", 5, "is not a known field"),
    ],
)
def test_a_link_with_a_wrong_value_is_answered_by_a_plain_sentence(
    api: Api, field: str, value: object, detail: str
) -> None:
    body = build_link("unused") | {field: value}
    del body["id"]
    problem = api.refuse(422, "PUT", "/v1/links/l-1", json=body)
    assert problem["errors"] == [{"pointer": f"/{field}", "detail": detail}]


@pytest.mark.parametrize("id_", ["a/b", "/a//b/", "ä b?c#d", "..", ".", "%2F", "x" * 128, "🎓"])
def test_an_id_may_hold_any_character(api: Api, connection: Connection, id_: str) -> None:
    put_link(api, id_)
    assert connection.execute(text("SELECT link_id FROM attribution_links")).scalars().all() == [id_]
    assert api.send("DELETE", f"/v1/links/{quote(id_, safe='')}").status_code == 204


@pytest.mark.parametrize("id_", ["a\nb", "x" * 129])
def test_an_id_that_cannot_be_is_invalid_when_put_and_unknown_when_deleted(api: Api, id_: str) -> None:
    path = f"/v1/links/{quote(id_, safe='')}"
    body = {"referrer_id": "maria", "source": "prep_pack"}
    assert [error["pointer"] for error in api.refuse(422, "PUT", path, json=body)["errors"]] == ["/id"]
    assert api.refuse(404, "DELETE", path)["code"] == "not_found"


def test_a_link_without_a_time_was_created_now(api: Api, connection: Connection) -> None:
    before = datetime.now(UTC)
    put_link(api, "l-1")
    inserted_at = connection.execute(text("SELECT inserted_at FROM attribution_links")).scalar_one()
    assert before <= inserted_at <= datetime.now(UTC)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_an_id_that_cannot_be_stored_is_not_found(api: Api, method: str) -> None:
    body = {"referrer_id": "maria", "source": "prep_pack"}
    assert api.refuse(404, method, "/v1/links/a%00b", json=body)["code"] == "not_found"
