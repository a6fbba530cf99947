"""Requests that are repeated within 60 seconds: each gets the answer of the first one."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from metrics_api.db.tables import job_keys

_UNIQUE_FOR = timedelta(seconds=60)


def recall_answer(connection: Connection, key: str, *, now: datetime) -> int | None:
    """The answer to the same request within the last 60 seconds; other requests with this key wait for the commit."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})
    recent = job_keys.c.asked_at > now - _UNIQUE_FOR
    answer: int | None = connection.execute(
        select(job_keys.c.answer_id).where(job_keys.c.key == key, recent)
    ).scalar_one_or_none()
    return answer


def remember_answer(connection: Connection, key: str, answer_id: int, *, now: datetime) -> None:
    """Record the answer to the request."""
    values = {"asked_at": now, "answer_id": answer_id}
    statement = insert(job_keys).values(key=key, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))
