"""Tokens of services: shown once, scoped, expiring, revocable."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from tests.api_fixtures import Api
from viral_engine.contract.people import Scope


def create(api: Api, **body: Any) -> dict[str, Any]:
    given = {"name": "importer", "scopes": ["events:write"], **body}
    answer = api.send("POST", "/v1/tokens", json=given)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.get_json()
    return created


def test_a_token_works_for_its_scopes_and_is_shown_once(api: Api, app: Flask, connection: Connection) -> None:
    created = create(api)
    holder = Api(app, created["secret"])
    assert holder.send("POST", "/v1/events", json={"events": [{"event_type": "click"}]}).status_code == 202
    holder.refuse(403, "GET", "/v1/guardrails/fraud")
    assert created["secret"] not in str(api.read("/v1/tokens"))
    assert (
        connection.execute(
            text("SELECT count(*) FROM tokens WHERE token_hash = :s"), {"s": created["secret"]}
        ).scalar_one()
        == 0
    )


def test_a_revoked_token_is_refused_at_once_and_stays_in_the_list(api: Api, app: Flask) -> None:
    created = create(api, scopes=["metrics:read"])
    holder = Api(app, created["secret"])
    holder.read("/v1/guardrails/fraud")
    assert api.send("DELETE", f"/v1/tokens/{created['id']}").status_code == 204
    assert holder.refuse(401, "GET", "/v1/guardrails/fraud")["code"] == "unknown_token"
    listed = next(each for each in api.read("/v1/tokens")["tokens"] if each["id"] == created["id"])
    assert listed["active"] is False
    api.refuse(404, "DELETE", f"/v1/tokens/{created['id']}")


def test_a_token_ends_after_its_days(api: Api, app: Flask, connection: Connection) -> None:
    created = create(api, scopes=["metrics:read"], expires_in_days=1)
    connection.execute(text("UPDATE tokens SET expires_at = now() WHERE id = :id"), {"id": created["id"]})
    assert Api(app, created["secret"]).refuse(401, "GET", "/v1/guardrails/fraud")["code"] == "unknown_token"


@pytest.mark.parametrize(
    "body",
    [
        {"expires_in_days": 0},
        {"expires_in_days": 367},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"scopes": ["sessions:write"]},
        {"name": " "},
        {"name": "boss@corp.example"},
        {"name": "boss\N{FULLWIDTH COMMERCIAL AT}corp.example"},
        {"name": "Environment"},
        {"name": "single sign-on"},
        {"created_by": "me"},
    ],
)
def test_a_token_that_would_do_too_much_is_refused(api: Api, body: dict[str, Any]) -> None:
    api.refuse(422, "POST", "/v1/tokens", json={"name": "importer", "scopes": ["events:write"], **body})


def test_a_token_grants_no_more_than_it_has_itself(holder_of: Callable[..., Api]) -> None:
    limited = holder_of(Scope.ADMIN, Scope.METRICS_READ)
    create(limited, scopes=["metrics:read"])
    problem = limited.refuse(422, "POST", "/v1/tokens", json={"name": "importer", "scopes": ["identifiers:read"]})
    assert problem["errors"] == [{"pointer": "/scopes", "detail": "must not hold identifiers:read"}]


def test_a_token_of_the_settings_is_ended_there(api: Api, connection: Connection) -> None:
    created = create(api)
    connection.execute(text("UPDATE tokens SET created_by = 'environment' WHERE id = :id"), {"id": created["id"]})
    assert api.refuse(409, "DELETE", f"/v1/tokens/{created['id']}")["code"] == "environment_token"
