"""Signing in and out, for the dashboard."""

import math
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from flask import request

from metrics_api.access import sign_in as access
from metrics_api.access.audit import save_audit_entry
from metrics_api.access.lockout import forget_failures, reserve_attempt
from metrics_api.access.passwords import is_password
from metrics_api.access.people import save_password
from metrics_api.access.sign_in import Account, create_device, find_lane
from metrics_api.api.authentication import check_wait, current_network, current_principal
from metrics_api.api.context import current_context
from metrics_api.api.new_passwords import hash_new_password
from metrics_api.api.problems import ProblemError, not_found
from metrics_api.api.routing import Resource
from viral_contract.client.metrics_api import SESSION_HEADER
from viral_contract.models.people import (
    Credentials,
    PasswordChange,
    Person,
    Scope,
    SessionCreated,
    SignedInPerson,
)

sessions = Resource("sessions")


@sessions.route(
    "POST",
    "/v1/sessions",
    scope=Scope.SESSIONS_WRITE,
    answers={HTTPStatus.CREATED: SessionCreated},
)
def post_session(body: Credentials) -> tuple[SessionCreated, HTTPStatus]:
    """Sign in."""
    references, now = current_context().references, datetime.now(UTC)
    device = body.device.get_secret_value() if body.device else None
    lane = find_lane(references, body.email, device)
    account, wait = _begin_attempt(body.email, lane, now=now)
    # Slow on purpose, so it runs while no database connection is held.
    correct = is_password(account.password_hash if account else None, body.password.get_secret_value())
    created = _begin_session(account, lane, now=now) if account and correct else None
    if created is None:
        _note_failure(body.email, now=now)
        check_wait(wait)
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "wrong_credentials", "Email or password is wrong.")
    created.device = create_device(references, body.email) if lane == body.email else device
    return created, HTTPStatus.CREATED


def _begin_attempt(email: str, lane: str, *, now: datetime) -> tuple[Account | None, int | None]:
    """The account of an email, after checking that neither it nor the caller's network is locked.

    Raises ProblemError 429 whether or not the account exists, except for a device or network that has signed in
    before: others there cannot lock it out.
    """
    network, limits = current_network(), current_context().limits
    wait = limits.reserve_login(network)
    if wait and lane == email and not limits.knows_login(email, network):
        check_wait(wait)
    with current_context().database.write() as connection:
        lock = reserve_attempt(connection, lane, current_context().settings.access.limits, now=now)
        account = access.fetch_account(connection, email)
    if lock:
        limits.release_login(network)
        check_wait(math.ceil(lock.total_seconds()))
    return account, wait


def _begin_session(account: Account, lane: str, *, now: datetime) -> SessionCreated | None:
    lifetime = timedelta(hours=current_context().settings.api.session_hours)
    with current_context().database.write() as connection:
        created = access.save_session(connection, account, lane=lane, by="password", now=now, lifetime=lifetime)
    if created:
        current_context().limits.release_login(current_network())
        current_context().limits.remember_login(account.person.email, current_network())
    return created


def _note_failure(email: str, *, now: datetime) -> None:
    with current_context().database.write() as connection:
        access.note_refusal(connection, email.lower(), current_network(), by="password", now=now)


@sessions.route("PUT", "/v1/session/password", scope=Scope.METRICS_READ, answers={HTTPStatus.NO_CONTENT: None})
def put_own_password(body: PasswordChange) -> None:
    """Change one's own password; all of one's sessions end."""
    person, now = _current_person(), datetime.now(UTC)
    account, _ = _begin_attempt(person.email, person.email, now=now)
    if not is_password(account.password_hash if account else None, body.current_password.get_secret_value()):
        _note_failure(person.email, now=now)
        raise ProblemError(HTTPStatus.FORBIDDEN, "wrong_password", "The current password is wrong.")
    current_context().limits.release_login(current_network())
    with current_context().database.write() as connection:
        forget_failures(connection, person.email)
    password_hash = hash_new_password(body.new_password, person.email, "/new_password")
    with current_context().database.write() as connection:
        save_password(connection, person.id, password_hash)
        subject = f"person:{person.id}"
        save_audit_entry(connection, actor=person.email, action="change_password", subject=subject, now=now)


def _current_person() -> Person:
    person = current_principal().person
    if person is None:
        raise not_found("session in this request")
    return person


@sessions.route("GET", "/v1/session", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: SignedInPerson})
def get_session() -> SignedInPerson:
    """Get the person of the current session."""
    person = _current_person()
    return SignedInPerson(**dict(person), flags=current_context().flags.list_on(person.email))


@sessions.route("DELETE", "/v1/session", scope=Scope.METRICS_READ, answers={HTTPStatus.NO_CONTENT: None})
def delete_session() -> None:
    """End the current session."""
    _current_person()
    with current_context().database.write() as connection:
        access.sign_out(connection, request.headers[SESSION_HEADER])
