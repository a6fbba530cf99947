"""People: their accounts, roles and invitations. A change of a person's rights ends their sessions."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from metrics_api.access.audit import save_audit_entry
from metrics_api.access.lockout import forget_failures
from metrics_api.access.secrets import create_secret, hash_secret
from metrics_api.db.paging import Page
from metrics_api.db.tables import password_links, people, sessions
from viral_contract.models.people import PasswordLink, PersonChange, PersonDetail, Role

CURSOR = "people"
_LINK_LIFETIME = timedelta(days=3)
_column = people.c
_LOCK_ADMINS = select(_column.id).where(_column.role == Role.ADMIN).order_by(_column.id).with_for_update()


class UnknownPersonError(Exception):
    """There is no such person."""


class KnownPersonError(Exception):
    """There is already a person with this email."""


class LastAdminError(Exception):
    """No active admin would be left."""


class UnknownLinkError(Exception):
    """The link does not exist, was used, or has expired."""


def fetch_people(connection: Connection, page: Page) -> list[PersonDetail]:
    """A page of people by email, and one more if others follow."""
    statement = select(people).order_by(_column.email).limit(page.fetch)
    if page.after:
        statement = statement.where(_column.email > page.after[0])
    return [_format_person(row) for row in connection.execute(statement)]


def count_people(connection: Connection) -> int:
    """The number of people, including deactivated ones."""
    return connection.execute(select(func.count()).select_from(people)).scalar_one()


def fetch_role(connection: Connection, person_id: int) -> Role:
    """The role of a person, who must exist."""
    return Role(connection.execute(select(_column.role).where(_column.id == person_id)).scalar_one())


def save_person(connection: Connection, email: str, role: Role, *, actor: str, now: datetime) -> PersonDetail:
    """Add a person, who has no password yet. Raises KnownPersonError."""
    values = {"email": email.lower(), "role": role, "created_at": now}
    statement = insert(people).values(values).on_conflict_do_nothing(index_elements=["email"]).returning(people)
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise KnownPersonError
    note(connection, row.id, "invite_person", None, row, actor=actor, now=now)
    return _format_person(row)


def save_change(
    connection: Connection, person_id: int, change: PersonChange, *, actor: str, now: datetime
) -> PersonDetail:
    """Change role or access. Raises UnknownPersonError or LastAdminError."""
    lock_admins(connection)
    before = _lock(connection, person_id)
    values: dict[str, object] = {}
    if change.role is not None:
        values["role"] = change.role
    if change.deactivated is not None:
        values["deactivated_at"] = (before.deactivated_at or now) if change.deactivated else None
    after = _update(connection, person_id, values)
    if not has_admin(connection):
        raise LastAdminError
    end_sessions(connection, person_id)
    note(connection, person_id, "change_person", before, after, actor=actor, now=now)
    return _format_person(after)


def create_password_link(connection: Connection, person_id: int, *, actor: str, now: datetime) -> PasswordLink:
    """End the person's password and sessions, and let them set a new one. Raises UnknownPersonError."""
    before = _lock(connection, person_id)
    after = _update(connection, person_id, {"password_hash": None})
    end_sessions(connection, person_id)
    note(connection, person_id, "create_password_link", before, after, actor=actor, now=now)
    link = PasswordLink(secret=create_secret(), expires_at=now + _LINK_LIFETIME)
    values = {"secret_hash": hash_secret(link.secret), "expires_at": link.expires_at}
    connection.execute(delete(password_links).where(password_links.c.expires_at <= now))
    connection.execute(
        insert(password_links)
        .values(person_id=person_id, **values)
        .on_conflict_do_update(index_elements=["person_id"], set_=values)
    )
    return link


def fetch_link_owner(connection: Connection, secret: str, *, now: datetime) -> str:
    """The email of the person that a link belongs to. Raises UnknownLinkError if it is no longer valid."""
    owned = select(_column.email).join(password_links, password_links.c.person_id == _column.id)
    email = connection.execute(owned.where(_is_link(secret, now=now))).scalar_one_or_none()
    if email is None:
        raise UnknownLinkError
    return str(email)


def use_password_link(connection: Connection, secret: str, password_hash: str, *, now: datetime) -> None:
    """Set the password of the person that a link belongs to. Raises UnknownLinkError."""
    used = delete(password_links).where(_is_link(secret, now=now))
    person_id = connection.execute(used.returning(password_links.c.person_id)).scalar_one_or_none()
    if person_id is None:
        raise UnknownLinkError
    email = save_password(connection, person_id, password_hash)
    forget_failures(connection, email)
    person = f"person:{person_id}"
    save_audit_entry(connection, actor=email, actor_key=person, action="set_password", subject=person, now=now)


def _is_link(secret: str, *, now: datetime) -> ColumnElement[bool]:
    return and_(password_links.c.secret_hash == hash_secret(secret), password_links.c.expires_at > now)


def save_password(connection: Connection, person_id: int, password_hash: str) -> str:
    """Set the person's password, end their sessions, and return their email."""
    row = _update(connection, person_id, {"password_hash": password_hash})
    connection.execute(delete(password_links).where(password_links.c.person_id == person_id))
    end_sessions(connection, person_id)
    return str(row.email)


def end_password(connection: Connection, person_id: int) -> Row[Any]:
    """Remove the person's password, and the link to set one."""
    connection.execute(delete(password_links).where(password_links.c.person_id == person_id))
    return _update(connection, person_id, {"password_hash": None})


def end_sessions(connection: Connection, person_id: int) -> None:
    """End all sessions of the person."""
    connection.execute(delete(sessions).where(sessions.c.person_id == person_id))


def note(
    connection: Connection,
    person_id: int,
    action: str,
    before: Row[Any] | None,
    after: Row[Any],
    *,
    actor: str,
    actor_key: str | None = None,
    now: datetime,
) -> None:
    """Log what changed about a person."""
    save_audit_entry(
        connection,
        actor=actor,
        actor_key=actor_key,
        action=action,
        subject=f"person:{person_id}",
        before=before and _format_audited(before),
        after=_format_audited(after),
        now=now,
    )


def _lock(connection: Connection, person_id: int) -> Row[Any]:
    row = connection.execute(select(people).where(_column.id == person_id).with_for_update()).one_or_none()
    if row is None:
        raise UnknownPersonError
    return row


def _update(connection: Connection, person_id: int, values: dict[str, object]) -> Row[Any]:
    statement = update(people).where(_column.id == person_id).values(values).returning(people)
    return connection.execute(statement).one()


def lock_admins(connection: Connection) -> None:
    """Serialize changes that could leave no admin, such as two admins who demote each other at once."""
    connection.execute(_LOCK_ADMINS)


def has_admin(connection: Connection) -> bool:
    """Whether there is an active admin."""
    statement = select(_column.id).where(_column.role == Role.ADMIN, _column.deactivated_at.is_(None)).limit(1)
    return connection.execute(statement).first() is not None


def _format_audited(row: Row[Any]) -> dict[str, object]:
    return {
        "email": row.email,
        "role": row.role,
        "deactivated": row.deactivated_at is not None,
        "has_password": row.password_hash is not None,
    }


def _format_person(row: Row[Any]) -> PersonDetail:
    return PersonDetail(
        id=row.id,
        email=row.email,
        role=row.role,
        created_at=row.created_at,
        signed_in_at=row.signed_in_at,
        deactivated=row.deactivated_at is not None,
        has_password=row.password_hash is not None,
        single_sign_on=row.identity is not None,
    )
