"""The audit log: who did what, when."""

from datetime import datetime

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
