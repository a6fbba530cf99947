"""Which session is good, and whose: one ends when it is idle for too long or expires; `sign_in` begins and ends it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, select, update

from metrics_api.access.principal import Principal
from metrics_api.access.secrets import hash_secret
from metrics_api.db.tables import people, sessions, tokens
from viral_contract.models.people import ROLE_SCOPES, Person, Role, Scope, add_parts

_SESSION = (people.c.id.label("person_id"), people.c.email, people.c.role, sessions.c.seen_at)
_OF_ACTIVE_PERSON = and_(sessions.c.person_id == people.c.id, people.c.deactivated_at.is_(None))

_LASTS = and_(
    sessions.c.secret_hash == bindparam("session"),
    sessions.c.expires_at > bindparam("now"),
    sessions.c.seen_at > bindparam("seen_after"),
)
# Every request sends it, so it is put together once.
_HOLDERS = (
    select(tokens.c.id, tokens.c.name, tokens.c.scopes, *_SESSION)
    .outerjoin_from(tokens, sessions.join(people, _OF_ACTIVE_PERSON), _LASTS)
    .where(
        tokens.c.token_hash == bindparam("token"),
        tokens.c.revoked_at.is_(None),
        (tokens.c.expires_at > bindparam("now")) | tokens.c.expires_at.is_(None),
    )
)


@dataclass(frozen=True)
class SessionHolder:
    """The person of a session, and when they last used it."""

    principal: Principal
    seen_at: datetime


@dataclass(frozen=True)
class Holders:
    """The service that a token belongs to, and the person of the session sent with it, if any."""

    service: Principal
    session: SessionHolder | None


def fetch_holders(
    connection: Connection, token: str, session: str | None, *, idle: timedelta, now: datetime
) -> Holders | None:
    """The holders of token and session, or None if the token is unknown, expired or revoked.

    A session that is unknown, expired or unused for longer than `idle` has no holder.
    """
    given = {
        "token": hash_secret(token),
        "session": hash_secret(session) if session else None,
        "now": now,
        "seen_after": now - idle,
    }
    row = connection.execute(_HOLDERS, given).one_or_none()
    if row is None:
        return None
    service = Principal(f"token:{row.id}", row.name, add_parts(map(Scope, row.scopes)))
    return Holders(service, _read_session(row) if row.person_id is not None else None)


def _read_session(row: Any) -> SessionHolder:
    person = Person(id=row.person_id, email=row.email, role=Role(row.role))
    principal = Principal(f"person:{person.id}", person.email, ROLE_SCOPES[person.role], person)
    return SessionHolder(principal, row.seen_at)


def save_use(connection: Connection, secret: str, *, now: datetime) -> None:
    """Record that the session is in use."""
    used = update(sessions).where(sessions.c.secret_hash == hash_secret(secret))
    connection.execute(used.values(seen_at=now))
