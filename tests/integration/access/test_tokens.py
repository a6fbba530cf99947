"""Tokens of services: shown once, scoped, expiring, revocable."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, text

from tests.support.api_fixtures import Api
from tests.support.people import create_person
from viral_contract.models.people import Scope


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


@pytest.mark.parametrize(
    "name",
    [
        "imp\u043erter",
        "Importer",
        "\uff49mporter",
        "im\u200bporter",
        "irnporter",
        "import\u00e9r",
        "\u0456mporter",
        "importer\u3164",
        "\u0435nvironment",
        "syst\u0435m",
        "single sign\u2010on",
        "an\u0430",
        "ANA",
        "\u200b\u200d",
    ],
)
def test_a_name_that_looks_like_another_actor_s_is_refused(api: Api, engine: Engine, name: str) -> None:
    create_person(engine, email="ana@example.com")
    create(api)
    problem = api.refuse(422, "POST", "/v1/tokens", json={"name": name, "scopes": ["events:write"]})
    assert [error["pointer"] for error in problem["errors"]] == ["/name"]


def test_names_that_differ_in_what_is_seen_are_taken(api: Api) -> None:
    for name in ("importer", "importer 2", "exporter", "Zürich", "学校", "школа", "école"):
        create(api, name=name)


def test_the_next_token_of_a_service_bears_its_name_and_no_look_alike(api: Api) -> None:
    first = create(api)
    create(api)
    api.send("DELETE", f"/v1/tokens/{first['id']}")
    create(api)
    api.refuse(422, "POST", "/v1/tokens", json={"name": "imp\u043erter", "scopes": ["events:write"]})


def test_of_look_alikes_at_once_one_is_made(api: Api) -> None:
    start = Barrier(4)

    def create_one(name: str) -> int:
        start.wait()
        return api.send("POST", "/v1/tokens", json={"name": name, "scopes": ["events:write"]}).status_code

    with ThreadPoolExecutor(4) as threads:
        statuses = threads.map(create_one, ("feeder", "feed\u0435r", "Feeder", "fe\u0435der"))
    assert sorted(statuses) == [201, 422, 422, 422]
