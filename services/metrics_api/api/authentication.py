"""Authenticates the caller, checks scope and flag, and limits the rate of requests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from flask import g, request
from sqlalchemy import Connection

from metrics_api.access.audit import VISITOR, Actor, note_actor
from metrics_api.access.principal import Principal
from metrics_api.access.sessions import fetch_holders, save_use
from metrics_api.api.context import current_context
from metrics_api.api.problems import ProblemError
from metrics_api.db.database import prepared
from metrics_api.db.network_key import key_of_address
from viral_contract.client.connection import BACKGROUND_HEADER, CLIENT_ADDRESS_HEADER, SESSION_HEADER
from viral_contract.models.flags import Flag
from viral_contract.models.people import Scope
from viral_runtime.web.client_address import find_client_address, parse_address

# The interval saves a write in most requests.
_SEEN_AGAIN_AFTER = timedelta(minutes=1)


@contextmanager
def authenticate(scope: Scope) -> Iterator[Connection]:
    """The reading transaction in which the caller was found; the caller is in `g.principal`.

    Writes deferred by `save_later` follow it, however the request ends. Raises ProblemError 401, 403 or 429.
    """
    g.address, g.saves = _find_address(), []
    try:
        with ExitStack() as transaction:
            try:
                token = _read_token()
                connection = transaction.enter_context(current_context().database.read())
                principal = _find_principal(connection, token)
            finally:
                # For calls of the dashboard, the person's address is known by now, so that one visitor cannot use
                # up the share of all others.
                _count_request(f"address:{current_network()}")
            _admit(principal, scope)
            yield connection
    finally:
        _save_put_off()


def save_later(save: Callable[[Connection], None], *, then: Callable[[], None] | None = None) -> None:
    """Run this write after the request's reading transaction and before its answer is sent; `then` once committed."""
    g.saves.append((save, then))


def _save_put_off() -> None:
    if not g.saves:
        return
    with current_context().database.write() as connection:
        for save, _ in g.saves:
            save(connection)
    for _, then in g.saves:
        if then:
            then()


def _admit(principal: Principal, scope: Scope) -> None:
    if Scope.SESSIONS_WRITE not in principal.scopes:
        _count_request(principal.key)
    # With this scope the dashboard acts for visitors who have not signed in.
    note_actor(Actor(g.address, VISITOR if scope == Scope.SESSIONS_WRITE else principal.key))
    if scope not in principal.scopes:
        detail = f"{principal.name} doesn't have the scope {scope}."
        raise ProblemError(HTTPStatus.FORBIDDEN, "missing_scope", detail)
    g.principal = principal


def check_enabled(flag: Flag) -> None:
    """Raise ProblemError 404 if the flag is off for the caller."""
    if not current_context().flags.is_on(flag, current_principal().name):
        raise ProblemError(HTTPStatus.NOT_FOUND, "feature_disabled", f"The feature {flag} is turned off.")


def current_principal() -> Principal:
    """The caller of the current request."""
    principal: Principal = g.principal
    return principal


def current_network() -> str:
    """The caller or address that the current request counts for."""
    address = parse_address(_current_address() or "")
    return key_of_address(address, current_context().settings.detection.fraud_ipv6_prefix)


def check_wait(seconds: int | None) -> None:
    """Raise ProblemError 429 if the caller has to wait."""
    if seconds is not None:
        detail = f"Too many attempts. Try again in {seconds} seconds."
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", detail, retry_after=seconds)


def _read_token() -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise _unauthorized("missing_token", "Send a token as Authorization: Bearer <token>.")
    return token.strip()


def _find_principal(connection: Connection, token: str) -> Principal:
    now, session = datetime.now(UTC), request.headers.get(SESSION_HEADER)
    idle = timedelta(hours=current_context().settings.access.limits.session_idle_hours)
    with prepared(connection):
        holders = fetch_holders(connection, token, session, idle=idle, now=now)
    if holders is None:
        raise _unauthorized("unknown_token", "The token is unknown, expired or revoked.")
    service, person = holders.service, holders.session
    g.address = _find_person_address(service) or g.address
    if session is None or Scope.SESSIONS_WRITE not in service.scopes:
        return service
    if person is None:
        raise _unauthorized("session_ended", "The session is unknown or has ended. Sign in again.")
    # An automatic refresh is not a use by the person.
    if BACKGROUND_HEADER not in request.headers and now - person.seen_at > _SEEN_AGAIN_AFTER:
        save_later(lambda writing: save_use(writing, session, now=now))
    return person.principal


def _find_address() -> str | None:
    """The address of the client, according to the trusted proxies."""
    forwarded_for, forwarded = (",".join(request.headers.getlist(name)) for name in ("X-Forwarded-For", "Forwarded"))
    networks = current_context().settings.access.proxies.networks
    return find_client_address(request.remote_addr, forwarded_for, networks, forwarded=forwarded)


def _find_person_address(holder: Principal) -> str | None:
    """The address of the person for whom the dashboard calls; only the dashboard's token may name it."""
    if Scope.SESSIONS_WRITE not in holder.scopes:
        return None
    address = parse_address(request.headers.get(CLIENT_ADDRESS_HEADER, ""))
    return str(address) if address else None


def _current_address() -> str | None:
    """The client's address of the current request."""
    address: str | None = g.address
    return address


def _count_request(caller: str) -> None:
    """Count a request of this caller. Raises ProblemError 429 if there were too many."""
    check_wait(current_context().limits.count_request(caller))


def _unauthorized(code: str, detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNAUTHORIZED, code, detail)
