"""The audit log: who did what, when."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.postgresql import insert

from metrics_api.db.database import Database
from metrics_api.db.tables import audit_entries


def note_look_at_identifiers(database: Database, actor: str, route: str, *, now: datetime) -> None:
    """Note that somebody was shown whole identifiers, once a person, route and hour."""
    hour = now.strftime("%Y-%m-%dT%H")
    statement = insert(audit_entries).values(
        at=now, actor=actor, action="look_at_identifiers", subject=route, once_key=f"{actor} {route} {hour}"
    )
    with database.write() as connection:
        connection.execute(statement.on_conflict_do_nothing(index_elements=["once_key"]))


def save_audit_entry(
    connection: Connection,
    *,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, object] | None = None,
    now: datetime,
) -> None:
    """Note an action in the transaction that does it; `subject` names the thing as `kind:id`."""
    row = {"at": now, "actor": actor, "action": action, "subject": subject, "details": details}
    connection.execute(insert(audit_entries).values(row))


def fetch_audit_entries(connection: Connection, subject: str) -> Sequence[Row[Any]]:
    """What was done with one thing, the first first."""
    statement = select(audit_entries).where(audit_entries.c.subject == subject)
    return connection.execute(statement.order_by(audit_entries.c.id)).all()
