"""Signing in and out, for the dashboard."""

from datetime import UTC, datetime
from http import HTTPStatus

from flask import request

from metrics_api.access import sign_in as access
from metrics_api.api.authentication import current_principal
from metrics_api.api.problems import ProblemError, not_found
from metrics_api.api.routing import Resource
from metrics_api.api.services import services
from viral_engine.client import SESSION_HEADER
from viral_engine.contract.people import Credentials, Scope, SessionCreated, SignedInPerson

sessions = Resource("sessions")


@sessions.route("POST", "/v1/sessions", scope=Scope.SESSIONS_WRITE, answers={HTTPStatus.CREATED: SessionCreated})
def post_session(body: Credentials) -> tuple[SessionCreated, HTTPStatus]:
    """Sign a person in."""
    with services().database.write() as connection:
        created = access.sign_in(
            connection,
            body.email,
            body.password.get_secret_value(),
            now=datetime.now(UTC),
            lifetime=services().session_lifetime,
        )
    if created is None:
        detail = "Email or password is wrong."
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "wrong_credentials", detail)
    return created, HTTPStatus.CREATED


@sessions.route("GET", "/v1/session", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: SignedInPerson})
def get_session() -> SignedInPerson:
    """Who the session of this request belongs to."""
    person = current_principal().person
    if person is None:
        raise not_found("session in this request")
    return SignedInPerson(**dict(person), flags=services().flags.list_on(person.email))


@sessions.route("DELETE", "/v1/session", scope=Scope.METRICS_READ, answers={HTTPStatus.NO_CONTENT: None})
def delete_session() -> None:
    """End the session of this request."""
    if current_principal().person is None:
        raise not_found("session in this request")
    with services().database.write() as connection:
        access.sign_out(connection, request.headers[SESSION_HEADER])
