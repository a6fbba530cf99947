"""The first admin and the tokens of the settings, whatever was changed on the page or in the settings meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, text

from metrics_api.access.bootstrap import TOKEN_OVERLAP, bootstrap
from metrics_api.access.passwords import WeakPasswordError, hash_password
from metrics_api.db.tables import people
from metrics_api.settings.api import BootstrapSettings
from tests.support.api_fixtures import Api
from tests.support.people import Signed
from viral_contract.models.people import Scope

FIRST, SECOND, OWN = "the first password", "the second password", "a password of one's own"


@pytest.fixture
def dashboard(holder_of: Callable[..., Api], app: Flask) -> Api:
    app.extensions["context"].redis.flushdb()
    return holder_of(Scope.SESSIONS_WRITE)


def run(engine: Engine, password: str | None = FIRST, *, restore_admin: bool = False, **settings: str) -> list[str]:
    """What a bootstrap says."""
    said: list[str] = []
    workers = {"report_worker_token": "r" * 32, "email_worker_token": "e" * 32}
    given = {"admin_email": "Chief@example.com", "dashboard_token": "d" * 32, **workers, **settings}
    with engine.begin() as connection:
        bootstrap(
            connection,
            BootstrapSettings(admin_password=password, **given),  # type: ignore[arg-type]
            restore_admin=restore_admin,
            now=datetime.now(UTC),
            say=said.append,
        )
    return said


def can_sign_in(dashboard: Api, password: str) -> bool:
    body = {"email": "chief@example.com", "password": password}
    return dashboard.send("POST", "/v1/sessions", json=body).status_code == 201


def change_own_password(dashboard: Api) -> None:
    body = {"current_password": FIRST, "new_password": OWN}
    Signed(dashboard, "chief@example.com", FIRST).send("PUT", "/v1/session/password", json=body)


def test_the_first_admin_signs_in_by_the_given_password(dashboard: Api, engine: Engine) -> None:
    assert run(engine) == ["chief@example.com is now an admin, with the password from ADMIN_PASSWORD."]
    assert can_sign_in(dashboard, FIRST)
    assert run(engine) == []


def test_without_a_password_one_is_made_and_told_once(dashboard: Api, engine: Engine) -> None:
    (said,) = run(engine, None)
    assert can_sign_in(dashboard, said.split("the password ")[1].split(" ")[0])
    assert run(engine, None) == []


def test_a_password_changed_in_the_settings_takes_effect_and_ends_sessions(dashboard: Api, engine: Engine) -> None:
    run(engine)
    signed = Signed(dashboard, "chief@example.com", FIRST)
    assert "changed to ADMIN_PASSWORD" in run(engine, SECOND)[0]
    assert not signed.is_signed_in()
    assert (can_sign_in(dashboard, FIRST), can_sign_in(dashboard, SECOND)) == (False, True)


def test_a_password_changed_on_the_page_stays(dashboard: Api, engine: Engine) -> None:
    run(engine)
    change_own_password(dashboard)
    assert run(engine) == []
    assert can_sign_in(dashboard, OWN)


def test_the_local_stack_restores_the_login_that_it_shows(dashboard: Api, engine: Engine) -> None:
    run(engine)
    change_own_password(dashboard)
    assert "reset to ADMIN_PASSWORD" in run(engine, restore_admin=True)[0]
    assert can_sign_in(dashboard, FIRST)
    assert run(engine, restore_admin=True) == []


def test_a_locked_admin_gets_in_by_a_new_password_in_the_settings(dashboard: Api, engine: Engine) -> None:
    run(engine)
    for _ in range(5):
        can_sign_in(dashboard, "a guess that is wrong")
    assert not can_sign_in(dashboard, FIRST)
    run(engine, SECOND)
    assert can_sign_in(dashboard, SECOND)


def test_a_rotated_token_ends_the_old_one(app: Flask, engine: Engine, connection: Connection) -> None:
    connection.execute(text("DELETE FROM tokens WHERE created_by = 'environment'"))

    def status(token: str) -> int:
        return Api(app, token).get("/v1/guardrails/fraud").status_code

    run(engine, api_token="a" * 32)
    assert status("a" * 32) == 200
    run(engine, api_token="b" * 32)
    assert (status("a" * 32), status("b" * 32)) == (401, 200)
    run(engine, api_token="a" * 32)
    assert (status("a" * 32), status("b" * 32)) == (200, 401)
    run(engine)
    assert (status("a" * 32), status("e" * 32)) == (401, 403)


def test_a_rotated_token_of_a_service_overlaps(app: Flask, engine: Engine, connection: Connection) -> None:
    connection.execute(text("DELETE FROM tokens WHERE created_by = 'environment'"))
    connection.commit()

    def status(token: str) -> int:
        return Api(app, token).get("/v1/guardrails/fraud").status_code

    run(engine, dashboard_token="1" * 32)
    run(engine, dashboard_token="2" * 32)
    first_end = find_ends(connection)
    run(engine, dashboard_token="2" * 32)
    assert find_ends(connection) == first_end
    assert first_end[0] - datetime.now(UTC) < TOKEN_OVERLAP
    assert (status("1" * 32), status("2" * 32)) == (403, 403)
    connection.execute(text("UPDATE tokens SET expires_at = now() WHERE expires_at IS NOT NULL"))
    connection.commit()
    assert (status("1" * 32), status("2" * 32)) == (401, 403)
    run(engine, dashboard_token="1" * 32)
    assert (status("1" * 32), status("2" * 32)) == (403, 403)


def find_ends(connection: Connection) -> list[datetime]:
    """When tokens of the settings end."""
    ends = text("SELECT expires_at FROM tokens WHERE created_by = 'environment' AND expires_at IS NOT NULL")
    return list(connection.execute(ends).scalars())


def test_a_new_admin_password_that_is_easy_to_guess_is_refused_and_an_old_one_stays(
    dashboard: Api, engine: Engine, connection: Connection
) -> None:
    run(engine)
    with pytest.raises(WeakPasswordError):
        run(engine, "password1234")
    assert can_sign_in(dashboard, FIRST)
    hashed = hash_password("password1234")
    values = {"password_hash": hashed, "environment_hash": hashed}
    connection.execute(people.update().values(values))
    assert run(engine, "password1234") == []
