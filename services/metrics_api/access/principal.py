"""Finds out who is calling."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from metrics_api.access.secrets import hash_secret
from metrics_api.db.tables import people, sessions, tokens
from viral_contract.models.people import ROLE_SCOPES, Person, Role, Scope, add_parts


@dataclass(frozen=True)
class Principal:
    """A service, or the person on whose behalf the dashboard acts; `key` is its own, its name may be another's too."""

    key: str
    name: str
    scopes: Collection[Scope]
    person: Person | None = None

    @property
    def sees_identifiers(self) -> bool:
        """Whether addresses and fingerprints are shown whole."""
        return Scope.IDENTIFIERS_READ in self.scopes

    def find_ungrantable(self, scopes: Collection[Scope]) -> list[Scope]:
        """Which of the scopes this caller may not pass on: a token grants no more than it has itself.

        Nobody grants what the dashboard alone needs, and people who may let others in grant everything else.
        """
        grantable = set(Scope if self.person else self.scopes) - {Scope.SESSIONS_WRITE}
        return [scope for scope in Scope if scope in scopes and scope not in grantable]


def fetch_token_holder(connection: Connection, token: str, *, now: datetime) -> Principal | None:
    """The service that holds the token, or None when it is unknown, expired or revoked."""
    row = connection.execute(
        select(tokens.c.id, tokens.c.name, tokens.c.scopes).where(
            tokens.c.token_hash == hash_secret(token),
            tokens.c.revoked_at.is_(None),
            (tokens.c.expires_at > now) | tokens.c.expires_at.is_(None),
        )
    ).one_or_none()
    return Principal(f"token:{row.id}", row.name, add_parts(map(Scope, row.scopes))) if row else None


@dataclass(frozen=True)
class SessionHolder:
    """Whose session it is, and when a person last used it."""

    principal: Principal
    seen_at: datetime


def fetch_session_holder(
    connection: Connection, secret: str, *, idle: timedelta, now: datetime
) -> SessionHolder | None:
    """The person whose session it is, or None when it is unknown, has ended or was `idle` for too long."""
    row = connection.execute(
        select(people.c.id, people.c.email, people.c.role, sessions.c.seen_at)
        .join(sessions, sessions.c.person_id == people.c.id)
        .where(
            sessions.c.secret_hash == hash_secret(secret),
            sessions.c.expires_at > now,
            sessions.c.seen_at > now - idle,
            people.c.deactivated_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    person = Person(id=row.id, email=row.email, role=Role(row.role))
    return SessionHolder(Principal(f"person:{row.id}", person.email, ROLE_SCOPES[person.role], person), row.seen_at)


def save_use(connection: Connection, secret: str, *, now: datetime) -> None:
    """Note that a person uses the session."""
    used = update(sessions).where(sessions.c.secret_hash == hash_secret(secret))
    connection.execute(used.values(seen_at=now))
