"""Who is calling, and whether they may."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from flask import g, request

from metrics_api.access.actor import VISITOR, Origin, note_origin
from metrics_api.access.principal import Principal, fetch_session_holder, fetch_token_holder, save_use
from metrics_api.api.callers import count_request, current_network, find_address, find_person_address
from metrics_api.api.context import current_context
from metrics_api.api.problems import ProblemError
from viral_contract.client.connection import BACKGROUND_HEADER, SESSION_HEADER
from viral_contract.models.flags import Flag
from viral_contract.models.people import Scope

# So that not every request writes.
_SEEN_AGAIN_AFTER = timedelta(minutes=1)


def authenticate(scope: Scope) -> None:
    """Keep in `g.principal` who is calling, and where from. Raises ProblemError 401, 403 or 429."""
    g.address = find_address()
    try:
        principal = _find_principal()
    finally:
        # By now the person's address is known when the dashboard asks, so that no visitor uses up what all others need.
        count_request(f"address:{current_network()}")
    if Scope.SESSIONS_WRITE not in principal.scopes:
        count_request(principal.key)
    # With this scope the dashboard acts for who has not signed in.
    note_origin(Origin(g.address, VISITOR if scope == Scope.SESSIONS_WRITE else principal.key))
    if scope not in principal.scopes:
        detail = f"{principal.name} lacks the scope {scope}."
        raise ProblemError(HTTPStatus.FORBIDDEN, "missing_scope", detail)
    g.principal = principal


def check_enabled(flag: Flag) -> None:
    """Raise ProblemError 404 where the flag is off for the caller."""
    if not current_context().flags.is_on(flag, current_principal().name):
        raise ProblemError(HTTPStatus.NOT_FOUND, "feature_disabled", f"The feature {flag} is switched off.")


def current_principal() -> Principal:
    """Who is calling this route."""
    principal: Principal = g.principal
    return principal


def _find_principal() -> Principal:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise _unauthorized("missing_token", "Send a token as Authorization: Bearer <token>.")
    now = datetime.now(UTC)
    session = request.headers.get(SESSION_HEADER)
    with current_context().database.read() as connection:
        holder = fetch_token_holder(connection, token.strip(), now=now)
        if holder is None:
            raise _unauthorized("unknown_token", "The token is unknown, expired or revoked.")
        g.address = find_person_address(holder) or g.address
        if session is None or Scope.SESSIONS_WRITE not in holder.scopes:
            return holder
        idle = timedelta(hours=current_context().settings.access.limits.session_idle_hours)
        person = fetch_session_holder(connection, session, idle=idle, now=now)
    if person is None:
        raise _unauthorized("session_ended", "The session is unknown or has ended; sign in again.")
    # A page that refreshes by itself is nobody's use of it.
    if BACKGROUND_HEADER not in request.headers and now - person.seen_at > _SEEN_AGAIN_AFTER:
        with current_context().database.write() as connection:
            save_use(connection, session, now=now)
    return person.principal


def _unauthorized(code: str, detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNAUTHORIZED, code, detail)
