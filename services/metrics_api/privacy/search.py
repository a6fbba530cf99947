"""Finds what only a look at every row can find, so that an erasure does not look while it keeps writers out."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from metrics_api.privacy.mentions import build_mention_values
from metrics_api.privacy.subjects import MENTIONED, Subject

_KEYS = {
    "parent_shares": "share_id",
    "progress_reels": "reel_id",
    "study_sessions": "session_id",
}


def search(
    connection: Connection, subject: Subject, events_of_sessions: Mapping[str, Sequence[UUID]]
) -> dict[str, Sequence[Any]]:
    """The keys of all rows, by table, that are about the subject and that no index leads to.

    The events of sessions are found already, those of all in one look at every event.
    """
    found = {table: search_among(connection, table, subject) for table in _list_conditions(subject)}
    if subject.kind == "session":
        found["attribution_events"] = events_of_sessions.get(subject.id, [])
    return found


def search_among(
    connection: Connection, table: str, subject: Subject, found: Sequence[Any] | None = None
) -> Sequence[Any]:
    """The keys of the table's rows that are about the subject; of those that were `found`, which still are."""
    key, condition = _KEYS[table], _list_conditions(subject)[table]
    among = "" if found is None else f"AND {key} = ANY(:found)"
    statement = text(f"SELECT {key} FROM {table} WHERE {condition} {among} ORDER BY {key}")
    return connection.execute(statement, {**build_mention_values(subject.id), "found": found}).scalars().all()


def _list_conditions(subject: Subject) -> dict[str, str]:
    if subject.kind == "user":
        return {**MENTIONED, "study_sessions": ":id = ANY(participant_ids)"}
    return MENTIONED
