"""Signing in by password: who gets in, who has to wait, and what ends a session."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, text

from metrics_api.access.sign_in import note_refusal
from metrics_api.db.database import Database
from tests.support.api_fixtures import Api
from tests.support.people import PASSWORD, Signed, create_person
from viral_contract.client.connection import BACKGROUND_HEADER, CLIENT_ADDRESS_HEADER
from viral_contract.models.people import Role, Scope


@pytest.fixture
def dashboard(holder_of: Callable[..., Api], app: Flask) -> Api:
    app.extensions["context"].redis.flushdb()
    return holder_of(Scope.SESSIONS_WRITE)


def sign_in(
    dashboard: Api, email: str, password: str = PASSWORD, address: str = "203.0.113.7", device: str | None = None
) -> Any:
    headers = {CLIENT_ADDRESS_HEADER: address}
    body = {"email": email, "password": password, "device": device}
    return dashboard.send("POST", "/v1/sessions", json=body, headers=headers)


@pytest.mark.parametrize(
    ("columns", "email", "password"),
    [
        ({}, "admin@example.com", "a guess that is wrong"),
        ({}, "nobody@example.com", PASSWORD),
        ({"password_hash": None}, "admin@example.com", PASSWORD),
        ({"deactivated_at": "2026-01-01T00:00:00Z"}, "admin@example.com", PASSWORD),
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same(
    dashboard: Api, engine: Engine, columns: dict[str, Any], email: str, password: str
) -> None:
    create_person(engine, **columns)
    answer = sign_in(dashboard, email, password)
    problem = answer.get_json(force=True)
    assert (answer.status_code, problem["code"]) == (401, "wrong_credentials")
    assert problem["detail"] == "Email or password is wrong."


def test_an_email_is_known_in_any_case_of_its_letters(dashboard: Api, engine: Engine) -> None:
    create_person(engine, email="ana@example.com")
    assert sign_in(dashboard, "Ana@Example.com").status_code == 201


def test_an_unknown_account_takes_as_long_as_a_known_one(dashboard: Api, engine: Engine) -> None:
    create_person(engine)

    def fastest(email: str) -> float:
        taken = []
        for number in range(4):
            begun = time.perf_counter()
            sign_in(dashboard, email, "a guess that is wrong", f"203.0.113.{number}")
            taken.append(time.perf_counter() - begun)
        return min(taken)

    known, unknown = fastest("admin@example.com"), fastest("nobody@example.com")
    assert 0.5 < known / unknown < 2


@pytest.mark.parametrize("email", ["admin@example.com", "nobody@example.com"])
def test_an_account_is_locked_whether_it_exists_or_not(dashboard: Api, engine: Engine, email: str) -> None:
    create_person(engine)
    answers = [sign_in(dashboard, email, "a guess that is wrong", f"203.0.113.{n}") for n in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 30
    assert sign_in(dashboard, email).status_code == 429


def guess(dashboard: Api, *, device: str | None = None) -> None:
    """Guess wrong until the lane is locked, each time from another address."""
    for number in range(5):
        assert sign_in(dashboard, "admin@example.com", "a guess", f"203.0.113.{number}", device).status_code == 401
    assert sign_in(dashboard, "admin@example.com", device=device).status_code == 429


def test_strangers_lock_out_nobody_whose_device_has_signed_in_before(dashboard: Api, engine: Engine) -> None:
    create_person(engine)
    device = sign_in(dashboard, "admin@example.com").get_json()["device"]
    guess(dashboard)
    answer = sign_in(dashboard, "Admin@example.com", device=device)
    assert (answer.status_code, answer.get_json()["device"]) == (201, device)
    assert sign_in(dashboard, "admin@example.com").status_code == 429


def test_a_device_has_a_lock_of_its_own(dashboard: Api, engine: Engine) -> None:
    create_person(engine)
    device = sign_in(dashboard, "admin@example.com").get_json()["device"]
    guess(dashboard, device=device)
    assert sign_in(dashboard, "admin@example.com").status_code == 201


@pytest.mark.parametrize("device", ["made up", "another's"])
def test_no_other_device_passes_for_ones_own(dashboard: Api, engine: Engine, device: str) -> None:
    create_person(engine)
    create_person(engine, Role.VIEWER)
    if device == "another's":
        device = sign_in(dashboard, "viewer@example.com").get_json()["device"]
    guess(dashboard)
    assert sign_in(dashboard, "admin@example.com", device=device).status_code == 429


def test_a_lock_survives_redis_and_ends(dashboard: Api, engine: Engine, connection: Connection, app: Flask) -> None:
    create_person(engine)
    for number in range(5):
        sign_in(dashboard, "admin@example.com", "a guess that is wrong", f"203.0.113.{number}")
    app.extensions["context"].redis.flushdb()
    assert sign_in(dashboard, "admin@example.com").status_code == 429
    connection.execute(text("UPDATE sign_in_failures SET locked_until = now()"))
    assert sign_in(dashboard, "admin@example.com").status_code == 201
    assert connection.execute(text("SELECT count(*) FROM sign_in_failures")).scalar_one() == 0


def sign_in_at_once(guesses: list[Callable[[], Any]]) -> list[int]:
    """The statuses of sign-ins that all begin in the same moment."""
    start = Barrier(len(guesses))

    def run(guess: Callable[[], Any]) -> int:
        start.wait()
        status: int = guess().status_code
        return status

    with ThreadPoolExecutor(len(guesses)) as threads:
        return sorted(threads.map(run, guesses))


@pytest.mark.parametrize("email", ["admin@example.com", "nobody@example.com"])
def test_however_many_guess_at_once_no_more_than_the_limit_are_checked(
    dashboard: Api, engine: Engine, connection: Connection, email: str
) -> None:
    create_person(engine)

    def guess_from(number: int) -> Callable[[], Any]:
        return lambda: sign_in(dashboard, email, "a guess that is wrong", f"203.0.113.{number}")

    assert sign_in_at_once([guess_from(number) for number in range(12)]) == [401] * 5 + [429] * 7
    # After the lock one guess is checked, however many come, and the next lock is longer.
    connection.execute(text("UPDATE sign_in_failures SET locked_until = now()"))
    assert sign_in_at_once([guess_from(number) for number in range(12, 20)]) == [401] + [429] * 7
    assert sign_in(dashboard, email).status_code == 429


def test_no_more_accounts_are_tried_at_once_than_one_address_may(dashboard: Api) -> None:
    guesses = [partial(sign_in, dashboard, f"user{n}@example.com", "a guess that is wrong") for n in range(28)]
    assert sign_in_at_once(guesses) == [401] * 20 + [429] * 8


def test_the_right_password_at_the_last_attempt_is_no_failure(dashboard: Api, engine: Engine) -> None:
    create_person(engine)
    for number in range(4):
        sign_in(dashboard, "admin@example.com", "a guess that is wrong", f"203.0.113.{number}")
    assert [sign_in(dashboard, "admin@example.com").status_code for _ in range(25)] == [201] * 25


def test_an_address_that_fails_too_often_has_to_wait_for_any_account(dashboard: Api, engine: Engine) -> None:
    create_person(engine)
    statuses = [sign_in(dashboard, f"user{n}@example.com", "a guess that is wrong").status_code for n in range(21)]
    assert statuses == [401] * 20 + [429]
    assert sign_in(dashboard, "admin@example.com").status_code == 429
    assert sign_in(dashboard, "admin@example.com", address="198.51.100.1").status_code == 201


def fail_often(dashboard: Api, address: str) -> list[int]:
    guesses = [(f"user{n}@example.com", "a guess that is wrong") for n in range(21)]
    return [sign_in(dashboard, *guess, address=address).status_code for guess in guesses]


def test_the_addresses_of_one_ipv6_network_wait_together(dashboard: Api, engine: Engine) -> None:
    create_person(engine)
    statuses = [
        sign_in(dashboard, f"user{n}@example.com", "a guess that is wrong", address=f"2001:db8:1:4::{n:x}").status_code
        for n in range(21)
    ]
    assert statuses == [401] * 20 + [429]
    assert sign_in(dashboard, "admin@example.com", address="2001:db8:1:5::1").status_code == 201


def test_an_address_that_fails_keeps_out_nobody_who_has_signed_in_from_there(dashboard: Api, engine: Engine) -> None:
    create_person(engine)
    assert sign_in(dashboard, "admin@example.com", address="203.0.113.80").status_code == 201
    assert fail_often(dashboard, "203.0.113.80") == [401] * 20 + [429]
    assert sign_in(dashboard, "admin@example.com", address="203.0.113.80").status_code == 201
    assert sign_in(dashboard, "admin@example.com", "a wrong guess", address="203.0.113.80").status_code == 429


def test_an_address_that_fails_keeps_out_no_known_device(dashboard: Api, engine: Engine) -> None:
    create_person(engine)
    device = sign_in(dashboard, "admin@example.com", address="203.0.113.81").get_json()["device"]
    fail_often(dashboard, "203.0.113.82")
    assert sign_in(dashboard, "admin@example.com", address="203.0.113.82").status_code == 429
    assert sign_in(dashboard, "admin@example.com", address="203.0.113.82", device=device).status_code == 201


def test_signing_in_is_audited_with_the_persons_address(dashboard: Api, engine: Engine, connection: Connection) -> None:
    person = create_person(engine)
    sign_in(dashboard, "admin@example.com", "a guess that is wrong")
    sign_in(dashboard, "admin@example.com")
    columns = "actor, actor_key, action, host(address)"
    rows = connection.execute(text(f"SELECT {columns} FROM audit_entries ORDER BY id")).all()
    assert rows == [
        ("admin@example.com", "visitor", "refuse_sign_in", "203.0.113.7"),
        ("admin@example.com", f"person:{person}", "sign_in", "203.0.113.7"),
    ]


def test_refused_sign_ins_are_counted_and_not_written_one_by_one(
    dashboard: Api, api: Api, engine: Engine, connection: Connection
) -> None:
    create_person(engine)
    for number, email in enumerate(["admin@example.com"] * 4 + ["nobody@example.com"]):
        sign_in(dashboard, email, "a guess that is wrong", f"2001:db8::{number:x}")
    sign_in(dashboard, "admin@example.com", "a guess that is wrong", "203.0.113.9")
    entries = api.read("/v1/audit-entries", action="refuse_sign_in")["entries"]
    shown = [(each["actor"], each["address"], each["details"]["by"], each["details"]["refusals"]) for each in entries]
    assert shown == [
        ("admin@example.com", "203.0.113.9", "password", 1),
        ("nobody@example.com", "2001:db8::4", "password", 1),
        ("admin@example.com", "2001:db8::", "password", 4),
    ]
    assert connection.execute(text("SELECT count(*) FROM audit_entries")).scalar_one() == 3


def test_refusals_at_once_are_all_counted_in_one_entry(database: Database, connection: Connection) -> None:
    now, start = datetime.now(UTC), Barrier(8)

    def refuse(_number: int) -> None:
        start.wait()
        with database.write() as writing:
            note_refusal(writing, "ana@example.com", "203.0.113.9", by="password", now=now)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(refuse, range(8)))
    counted = "SELECT refusals, (SELECT count(*) FROM audit_entries) FROM refused_sign_ins"
    assert connection.execute(text(counted)).all() == [(8, 1)]


def test_a_session_that_nobody_uses_ends(dashboard: Api, engine: Engine, connection: Connection) -> None:
    create_person(engine)
    person = Signed(dashboard, "admin@example.com")
    background = {BACKGROUND_HEADER: "1"}
    seen = "UPDATE sessions SET seen_at = now() - interval '7 hours'"
    connection.execute(text(seen))
    assert person.send("GET", "/v1/session", headers=background).status_code == 200
    idle = connection.execute(text("SELECT now() - seen_at FROM sessions")).scalar_one()
    assert idle > timedelta(hours=6)  # A page that refreshes by itself is nobody's use.
    assert person.is_signed_in()
    assert connection.execute(text("SELECT now() - seen_at FROM sessions")).scalar_one() < timedelta(minutes=1)
    connection.execute(text("UPDATE sessions SET seen_at = now() - interval '8 hours 1 second'"))
    for headers in (background, {}):
        answer = person.send("GET", "/v1/session", headers=headers)
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (401, "session_ended")


def test_use_does_not_lengthen_a_session_beyond_its_end(dashboard: Api, engine: Engine, connection: Connection) -> None:
    create_person(engine)
    person = Signed(dashboard, "admin@example.com")
    assert person.is_signed_in()
    connection.execute(text("UPDATE sessions SET expires_at = now(), seen_at = now()"))
    assert not person.is_signed_in()


def test_a_session_ends_at_its_time(dashboard: Api, engine: Engine, connection: Connection) -> None:
    create_person(engine)
    person = Signed(dashboard, "admin@example.com")
    assert person.is_signed_in()
    connection.execute(text("UPDATE sessions SET expires_at = :at"), {"at": datetime.now(UTC) - timedelta(seconds=1)})
    answer = person.send("GET", "/v1/session")
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (401, "session_ended")


def test_changing_the_password_ends_every_session(dashboard: Api, engine: Engine) -> None:
    create_person(engine, Role.VIEWER)
    here, elsewhere = (Signed(dashboard, "viewer@example.com") for _ in range(2))
    body = {"current_password": PASSWORD, "new_password": "another horse battery"}
    assert here.send("PUT", "/v1/session/password", json=body).status_code == 204
    assert not here.is_signed_in()
    assert not elsewhere.is_signed_in()
    assert sign_in(dashboard, "viewer@example.com").status_code == 401
    assert sign_in(dashboard, "viewer@example.com", "another horse battery").status_code == 201


@pytest.mark.parametrize(
    ("current", "new", "status", "code"),
    [
        ("a guess that is wrong", "another horse battery", 403, "wrong_password"),
        (PASSWORD, "too short", 422, "invalid"),
        (PASSWORD, "password1234", 422, "weak_password"),
        (PASSWORD, "Admin@Example.com", 422, "weak_password"),
        (PASSWORD, "Viral Guardrails 1", 422, "weak_password"),
        ("a guess that is wrong", "password1234", 403, "wrong_password"),
    ],
)
def test_a_password_is_not_changed_without_the_old_one_or_to_a_weak_one(
    dashboard: Api, engine: Engine, current: str, new: str, status: int, code: str
) -> None:
    create_person(engine)
    person = Signed(dashboard, "admin@example.com")
    answer = person.send("PUT", "/v1/session/password", json={"current_password": current, "new_password": new})
    assert answer.get_json(force=True)["code"] == code
    assert answer.status_code == status
    assert person.is_signed_in()


def test_weak_new_passwords_lock_nobody_out(dashboard: Api, engine: Engine) -> None:
    create_person(engine)
    person = Signed(dashboard, "admin@example.com")
    body = {"current_password": PASSWORD, "new_password": "password1234"}
    assert [person.send("PUT", "/v1/session/password", json=body).status_code for _ in range(6)] == [422] * 6
    assert sign_in(dashboard, "admin@example.com").status_code == 201


def test_a_service_has_no_password_to_change(api: Api) -> None:
    body = {"current_password": PASSWORD, "new_password": "another horse battery"}
    api.refuse(404, "PUT", "/v1/session/password", json=body)


def test_only_the_dashboard_is_believed_about_a_persons_address(
    connection: Connection, holder_of: Callable[..., Api]
) -> None:
    service = holder_of(Scope.ADMIN)
    service.send(
        "PUT", "/v1/trusted-networks/192.0.2.0%2F24", json={"reason": "x"}, headers={"X-Client-Address": "1.2.3.4"}
    )
    statement = text("SELECT host(address) FROM audit_entries WHERE action = 'trust_network'")
    assert connection.execute(statement).scalar_one() == "127.0.0.1"
