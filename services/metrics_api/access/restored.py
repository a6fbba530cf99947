"""Ends the access of people and tokens again that had lost it after a backup was made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select, text, update

from metrics_api.access.audit import save_audit_entry
from metrics_api.access.identifiers import References
from metrics_api.access.people import end_sessions
from metrics_api.db.tables import people, tokens

_ACTOR = "system"
# Somebody who got access back after that keeps it.
_CHANGED_SINCE = text("""
    SELECT EXISTS (SELECT FROM audit_entries WHERE subject = :subject AND action = 'change_person' AND at > :at)
""")


def list_ended(connection: Connection, references: References) -> dict[Literal["person", "token"], dict[str, datetime]]:
    """Whose access has ended and when, by the keyed hash of their address or token."""
    gone = connection.execute(select(people).where(people.c.deactivated_at.is_not(None)))
    revoked = connection.execute(select(tokens).where(tokens.c.revoked_at.is_not(None)))
    return {
        "person": {references.to_mark("person", row.email).hex(): row.deactivated_at for row in gone},
        "token": {references.to_mark("token", row.token_hash).hex(): row.revoked_at for row in revoked},
    }


def deactivate_people(
    connection: Connection, ended: Mapping[str, datetime], references: References, *, now: datetime
) -> int:
    """Deactivate the people whose hash is among these, and end their sessions; returns how many."""
    count = 0
    for row in connection.execute(select(people).where(people.c.deactivated_at.is_(None))).all():
        at, subject = ended.get(references.to_mark("person", row.email).hex()), f"person:{row.id}"
        if at and not connection.execute(_CHANGED_SINCE, {"subject": subject, "at": at}).scalar_one():
            connection.execute(update(people).where(people.c.id == row.id).values(deactivated_at=at))
            end_sessions(connection, row.id)
            _note(connection, "deactivate_restored", subject, now)
            count += 1
    return count


def revoke_tokens(
    connection: Connection, ended: Mapping[str, datetime], references: References, *, now: datetime
) -> int:
    """Revoke the tokens whose hash is among these; returns how many."""
    count = 0
    for row in connection.execute(select(tokens).where(tokens.c.revoked_at.is_(None))).all():
        if at := ended.get(references.to_mark("token", row.token_hash).hex()):
            connection.execute(update(tokens).where(tokens.c.id == row.id).values(revoked_at=at))
            _note(connection, "revoke_restored", f"token:{row.id}", now)
            count += 1
    return count


def _note(connection: Connection, action: str, subject: str, now: datetime) -> None:
    save_audit_entry(connection, actor=_ACTOR, action=action, subject=subject, actor_key=_ACTOR, now=now)
