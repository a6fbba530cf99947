"""Admins let people in, change what they may do, and take it away."""

import timeit
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, text

from metrics_api.access.passwords import hash_password
from tests.support.api_fixtures import Api
from tests.support.people import PASSWORD, Signed, create_person
from viral_contract.models.people import ROLE_SCOPES, Role, Scope


@pytest.fixture
def dashboard(holder_of: Callable[..., Api], app: Flask) -> Api:
    app.extensions["context"].redis.flushdb()
    return holder_of(Scope.SESSIONS_WRITE)


@pytest.fixture
def admin(dashboard: Api, engine: Engine) -> Signed:
    create_person(engine)
    return Signed(dashboard, "admin@example.com")


def invite(admin: Signed, email: str = "ana@example.com", role: str = "viewer") -> dict[str, Any]:
    answer = admin.send("POST", "/v1/people", json={"email": email, "role": role})
    assert answer.status_code == 201, answer.text
    invited: dict[str, Any] = answer.get_json()
    return invited


def test_an_invited_person_sets_a_password_once_and_signs_in(admin: Signed, dashboard: Api) -> None:
    invited = invite(admin, "Ana@Example.com")
    assert invited["person"]["email"] == "ana@example.com"
    assert invited["person"]["has_password"] is False
    body = {"secret": invited["password_link"]["secret"], "password": "another horse battery"}
    assert dashboard.send("PUT", "/v1/passwords", json=body).status_code == 204
    assert dashboard.refuse(404, "PUT", "/v1/passwords", json=body)["code"] == "unknown_link"
    assert Signed(dashboard, "ana@example.com", "another horse battery").is_signed_in()


def test_a_link_outlives_a_password_that_is_easy_to_guess(admin: Signed, dashboard: Api) -> None:
    secret = invite(admin, "ana.lopez@example.com")["password_link"]["secret"]
    for weak in ("qwertyuiop123", "ana.lopez2026!", "viralguardrails"):
        problem = dashboard.refuse(422, "PUT", "/v1/passwords", json={"secret": secret, "password": weak})
        assert (problem["code"], problem["errors"][0]["pointer"]) == ("weak_password", "/password")
    body = {"secret": secret, "password": "another horse battery"}
    assert dashboard.send("PUT", "/v1/passwords", json=body).status_code == 204


def test_a_link_expires(admin: Signed, dashboard: Api, connection: Connection) -> None:
    secret = invite(admin)["password_link"]["secret"]
    connection.execute(text("UPDATE password_links SET expires_at = now()"))
    body = {"secret": secret, "password": "another horse battery"}
    assert dashboard.refuse(404, "PUT", "/v1/passwords", json=body)["code"] == "unknown_link"


def test_a_link_that_was_made_up_costs_no_hashing(dashboard: Api) -> None:
    body = {"secret": "made up", "password": "another horse battery"}

    def fastest(call: Callable[[], object]) -> float:
        return min(timeit.repeat(call, number=1, repeat=5))

    refusing = fastest(lambda: dashboard.refuse(404, "PUT", "/v1/passwords", json=body))
    assert refusing < fastest(lambda: hash_password("another horse battery"))


def test_nobody_is_invited_twice(admin: Signed) -> None:
    answer = admin.send("POST", "/v1/people", json={"email": "ADMIN@example.com", "role": "viewer"})
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (409, "known_person")


@pytest.mark.parametrize("body", [{"role": "analyst"}, {"deactivated": True}, {"role": "admin", "deactivated": False}])
def test_a_change_of_rights_ends_the_persons_sessions(
    admin: Signed, dashboard: Api, engine: Engine, body: dict[str, Any]
) -> None:
    viewer = create_person(engine, Role.VIEWER)
    signed = Signed(dashboard, "viewer@example.com")
    answer = admin.send("PATCH", f"/v1/people/{viewer}", json=body)
    assert answer.status_code == 200
    assert {**answer.get_json(), **body} == answer.get_json()
    assert not signed.is_signed_in()


def test_who_was_deactivated_signs_in_again_once_that_is_undone(admin: Signed, dashboard: Api, engine: Engine) -> None:
    viewer = create_person(engine, Role.VIEWER)
    credentials = {"email": "viewer@example.com", "password": PASSWORD}
    admin.send("PATCH", f"/v1/people/{viewer}", json={"deactivated": True})
    dashboard.refuse(401, "POST", "/v1/sessions", json=credentials)
    admin.send("PATCH", f"/v1/people/{viewer}", json={"deactivated": False})
    assert Signed(dashboard, "viewer@example.com").is_signed_in()


def test_a_reset_ends_password_and_sessions(admin: Signed, dashboard: Api, engine: Engine) -> None:
    viewer = create_person(engine, Role.VIEWER)
    signed = Signed(dashboard, "viewer@example.com")
    link = admin.send("POST", f"/v1/people/{viewer}/password-link").get_json()
    assert not signed.is_signed_in()
    dashboard.refuse(401, "POST", "/v1/sessions", json={"email": "viewer@example.com", "password": PASSWORD})
    dashboard.send("PUT", "/v1/passwords", json={"secret": link["secret"], "password": "another horse battery"})
    assert Signed(dashboard, "viewer@example.com", "another horse battery").is_signed_in()


@pytest.mark.parametrize("body", [{"role": "viewer"}, {"deactivated": True}])
def test_the_last_admin_stays(admin: Signed, engine: Engine, connection: Connection, body: dict[str, Any]) -> None:
    create_person(engine, email="former@example.com", deactivated_at=datetime.now(UTC) - timedelta(days=1))
    own = connection.execute(text("SELECT id FROM people WHERE email = 'admin@example.com'")).scalar_one()
    answer = admin.send("PATCH", f"/v1/people/{own}", json=body)
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (409, "last_admin")
    assert admin.is_signed_in()


def test_one_of_two_admins_can_go(admin: Signed, engine: Engine) -> None:
    other = create_person(engine, email="other@example.com")
    assert admin.send("PATCH", f"/v1/people/{other}", json={"role": "viewer"}).status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"role": None}, {"role": "owner"}, {"role": "admin", "email": "x@example.com"}, {"password_hash": "x"}]
)
def test_nothing_else_about_a_person_can_be_set(admin: Signed, engine: Engine, body: dict[str, Any]) -> None:
    viewer = create_person(engine, Role.VIEWER)
    assert admin.send("PATCH", f"/v1/people/{viewer}", json=body).status_code == 422


@pytest.fixture
def limited(holder_of: Callable[..., Api]) -> Api:
    """A token that may manage people, and lacks what admins may do besides."""
    return holder_of(Scope.ADMIN, Scope.METRICS_READ)


@pytest.mark.parametrize(
    ("path", "method", "body", "lacking"),
    [
        ("", "POST", {"email": "me@example.com", "role": "admin"}, "identifiers:read"),
        ("", "POST", {"email": "me@example.com", "role": "analyst"}, "reports:write"),
        ("/{admin}/password-link", "POST", None, "identifiers:read"),
        ("/{viewer}", "PATCH", {"role": "admin"}, "identifiers:read"),
        ("/{former}", "PATCH", {"deactivated": False}, "identifiers:read"),
        ("/{gone}", "PATCH", {"role": "admin"}, "identifiers:read"),
        ("/{gone}", "PATCH", {"role": "analyst"}, "reports:write"),
        ("/{viewer}", "PATCH", {"role": "admin", "deactivated": True}, "identifiers:read"),
        ("/{gone}/password-link", "POST", None, "alerts:write"),
    ],
)
def test_a_token_hands_out_no_role_that_may_do_more_than_itself(
    admin: Signed, limited: Api, engine: Engine, path: str, method: str, body: dict[str, Any] | None, lacking: str
) -> None:
    ids = {"admin": create_person(engine, email="other@example.com"), "viewer": create_person(engine, Role.VIEWER)}
    ids["former"] = create_person(engine, email="former@example.com", deactivated_at=datetime.now(UTC))
    past = datetime.now(UTC)
    ids["gone"] = create_person(engine, Role.ANALYST, email="gone@example.com", deactivated_at=past)
    before = admin.send("GET", "/v1/people").get_json()
    problem = limited.refuse(403, method, f"/v1/people{path.format(**ids)}", json=body)
    assert problem["code"] == "missing_scope"
    assert lacking in problem["detail"]
    assert admin.send("GET", "/v1/people").get_json() == before


@pytest.mark.usefixtures("admin")
def test_a_token_lets_in_those_who_may_do_no_more_than_itself(api: Api, limited: Api, engine: Engine) -> None:
    other = create_person(engine, email="other@example.com")
    assert limited.send("POST", "/v1/people", json={"email": "a@example.com", "role": "viewer"}).status_code == 201
    assert limited.send("PATCH", f"/v1/people/{other}", json={"deactivated": True}).status_code == 200
    assert api.send("POST", "/v1/people", json={"email": "b@example.com", "role": "admin"}).status_code == 201


def test_an_unknown_person_is_not_found(admin: Signed) -> None:
    assert admin.send("PATCH", "/v1/people/999", json={"role": "viewer"}).status_code == 404
    assert admin.send("POST", "/v1/people/999/password-link").status_code == 404


def test_people_are_listed_by_email_page_by_page_and_without_secrets(admin: Signed, engine: Engine) -> None:
    for name in ("zoe", "bob"):
        create_person(engine, Role.VIEWER, email=f"{name}@example.com")
    first = admin.send("GET", "/v1/people?limit=2").get_json()
    second = admin.send("GET", f"/v1/people?limit=2&cursor={first['next_cursor']}").get_json()
    assert [each["email"].split("@")[0] for each in first["people"] + second["people"]] == ["admin", "bob", "zoe"]
    assert (first["total_people"], second["next_cursor"]) == (3, None)
    assert "argon2" not in str(first)


def test_the_audit_keeps_before_after_and_from_where(admin: Signed, engine: Engine, connection: Connection) -> None:
    viewer = create_person(engine, Role.VIEWER)
    headers = {"X-Client-Address": "2001:db8::7"}
    admin.send("PATCH", f"/v1/people/{viewer}", json={"role": "analyst"}, headers=headers)
    columns = "actor, actor_key, subject, host(address) AS at, before, after"
    entry = connection.execute(text(f"SELECT {columns} FROM audit_entries ORDER BY id DESC")).first()
    assert entry is not None
    assert (entry.actor, entry.subject, entry.at) == ("admin@example.com", f"person:{viewer}", "2001:db8::7")
    own = connection.execute(text("SELECT id FROM people WHERE email = 'admin@example.com'")).scalar_one()
    assert entry.actor_key == f"person:{own}"
    assert (entry.before["role"], entry.after["role"]) == ("viewer", "analyst")


@pytest.mark.parametrize("role", Role)
def test_a_role_opens_just_the_routes_of_its_scopes(dashboard: Api, engine: Engine, role: Role) -> None:
    create_person(engine, role)
    person = Signed(dashboard, f"{role}@example.com")
    routes = {
        Scope.METRICS_READ: ("GET", "/v1/guardrails/fraud"),
        Scope.ALERTS_WRITE: ("POST", "/v1/guardrails/evaluations"),
        Scope.REPORTS_WRITE: ("POST", "/v1/reports"),
        Scope.ADMIN: ("GET", "/v1/people"),
        Scope.EVENTS_WRITE: ("POST", "/v1/events"),
        Scope.JOBS_RUN: ("POST", "/internal/schedules/tick"),
        Scope.SESSIONS_WRITE: ("POST", "/v1/sessions"),
    }
    for scope, (method, path) in routes.items():
        refused = person.send(method, path).status_code == 403
        assert refused is (scope not in ROLE_SCOPES[role]), (role, scope)
