"""What a caller sends never becomes part of a statement: every value is bound, on every route."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from metrics_api.api.routing import Operation
from tests.support.api_fixtures import Api
from tests.support.builders import build_event, build_link
from tests.support.content_builders import CONSENT, build_media, build_reel, build_session, build_share
from tests.support.operations import build_path, list_guarded, name_operation

MARK = "zq'\"; DROP TABLE attribution_events; --"
# What PostgreSQL cannot hold.
NUL = "a\0b"
# No part of a statement of ours, whatever quotes and blanks become on the way.
CORE = "DROP TABLE attribution_events"


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """The statements that are sent to the database, without the values bound to them."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


def build_writes() -> dict[str, dict[str, Any]]:
    """A body of every write whose texts are free, by path."""
    ids = ("device_fingerprint", "link_id", "referrer_id", "user_id", "session_id", "source", "user_agent")
    urls = ("referrer_url", "landing_page")
    fields = {**dict.fromkeys((*ids, *urls), MARK), "metadata": {MARK: MARK}}
    data = {MARK: f"{MARK} john@example.com"}
    media = [build_media(consent={**CONSENT, "method": MARK})]
    named = {"referrer_id": MARK, "source": MARK, "campaign": MARK, "target_url": MARK}
    return {
        "/v1/events": {"events": [build_event(ip_address="203.0.113.7", **fields)]},
        "/v1/links": {"items": [build_link(MARK, **named)]},
        "/v1/parent-shares": {"items": [build_share(MARK, data, share_type=MARK, media=media)]},
        "/v1/progress-reels": {"items": [build_reel(MARK, data, reel_type=MARK, media=media)]},
        "/v1/study-sessions": {"items": [build_session(MARK, MARK, subject=MARK)]},
        "/v1/tokens": {"name": MARK, "scopes": ["metrics:read"]},
        "/v1/privacy/requests": {"kind": "erase", "subject_id": MARK, "note": MARK},
        "/v1/notification-rules": {
            "name": MARK,
            "severities": ["high"],
            "channel": "email",
            "target": "a'b--@example.org",
        },
        "/v1/pii/scan": {"data": {MARK: MARK}},
    }


@pytest.mark.parametrize("path", build_writes())
def test_a_body_s_texts_are_bound(api: Api, statements: list[str], path: str) -> None:
    answer = api.send("POST", path, json=build_writes()[path])
    assert answer.status_code in (200, 201, 202), answer.text
    assert statements
    assert [statement for statement in statements if CORE in statement] == []


@pytest.mark.parametrize("operation", [each for each in list_guarded() if each.query], ids=name_operation)
def test_a_query_s_values_are_bound(api: Api, statements: list[str], operation: Operation) -> None:
    assert operation.query
    for name in operation.query.model_fields:
        for value in (MARK, NUL):
            answer = api.send(operation.method, build_path(operation), query_string={name: value})
            assert answer.status_code < 500, (name, value)
    assert statements
    assert [statement for statement in statements if CORE in statement] == []


@pytest.mark.parametrize("operation", [each for each in list_guarded() if "<" in each.rule], ids=name_operation)
def test_a_path_s_values_are_bound(api: Api, statements: list[str], operation: Operation) -> None:
    for value in (MARK.replace(" ", "%20"), "a%00b"):
        assert api.send(operation.method, build_path(operation, value), json={}).status_code < 500, value
    assert [statement for statement in statements if CORE in statement] == []


def test_a_hostile_subject_is_erased_alone(api: Api, connection: Connection, statements: list[str]) -> None:
    api.post_events(build_event(user_id=MARK), build_event(user_id="somebody else"))
    body = {"kind": "erase", "subject_id": MARK}
    request_id = api.send("POST", "/v1/privacy/requests", json=body).get_json()["id"]
    assert api.send("POST", f"/v1/privacy/requests/{request_id}/erase").status_code == 200
    left = connection.execute(text("SELECT user_id FROM attribution_events WHERE user_id IS NOT NULL")).scalars().all()
    assert left == ["somebody else"]
    assert [statement for statement in statements if CORE in statement] == []
