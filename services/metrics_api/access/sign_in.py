"""Passwords and sessions of people."""

from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import Connection, delete, insert, select

from metrics_api.access.secrets import create_secret, hash_secret
from metrics_api.db.tables import people, sessions
from viral_engine.contract.people import Person, Role, SessionCreated

_hasher = PasswordHasher()
# Verified where the person is unknown, so that the answer takes as long as for a known one.
_NOBODYS_HASH = _hasher.hash(create_secret())


def hash_password(password: str) -> str:
    """The argon2id hash that is stored."""
    return _hasher.hash(password)


def sign_in(
    connection: Connection, email: str, password: str, *, now: datetime, lifetime: timedelta
) -> SessionCreated | None:
    """Start a session, or return None when email or password is wrong."""
    row = connection.execute(select(people).where(people.c.email == email.lower())).one_or_none()
    if not _is_password(row.password_hash if row else _NOBODYS_HASH, password) or row is None:
        return None
    secret, expires_at = create_secret(), now + lifetime
    connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
    connection.execute(
        insert(sessions).values(secret_hash=hash_secret(secret), person_id=row.id, expires_at=expires_at)
    )
    person = Person(id=row.id, email=row.email, role=Role(row.role))
    return SessionCreated(secret=secret, expires_at=expires_at, person=person)


def sign_out(connection: Connection, secret: str) -> None:
    """End the session."""
    connection.execute(delete(sessions).where(sessions.c.secret_hash == hash_secret(secret)))


def _is_password(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except VerifyMismatchError:
        return False
