"""What parents ask for: recorded with a due date, done by a person, and then kept without the name."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from metrics_api.access.audit import save_audit_entry
from metrics_api.db.paging import Page, Sealer
from metrics_api.db.tables import privacy_requests
from metrics_api.privacy.subjects import Subject
from viral_engine.contract.privacy import PrivacyRequest, PrivacyRequestDraft, RequestKind

CURSOR = "privacy_requests"
# How long an export can be made again after it was handed out.
EXPORT_AGAIN_DAYS = 7


def save_request(
    connection: Connection, draft: PrivacyRequestDraft, sealer: Sealer, *, due_days: int, actor: str, now: datetime
) -> int:
    """Record a request that is due so many days after it came in; returns its id."""
    received_at = draft.received_at or now
    values = {
        **draft.model_dump(exclude={"received_at"}),
        "subject_hash": _hash(sealer, Subject(draft.subject_kind, draft.subject_id)),
        "created_by": actor,
        "received_at": received_at,
        "due_at": received_at + timedelta(days=due_days),
    }
    request_id: int = connection.execute(
        insert(privacy_requests).values(values).returning(privacy_requests.c.id)
    ).scalar_one()
    _note(connection, "record_privacy_request", request_id, {"kind": draft.kind}, actor=actor, now=now)
    return request_id


def _hash(sealer: Sealer, subject: Subject) -> str:
    """Without the key of the references nobody can find out which subject it is, not even by trying."""
    return hashlib.sha256(sealer.seal(f"{subject.kind}:{subject.id}", purpose="subject").encode()).hexdigest()


def fetch_subject(connection: Connection, request_id: int, *, lock: bool = False) -> tuple[RequestKind, Subject] | None:
    """What is asked about whom; None when there is no such request, or it no longer names the subject."""
    statement = select(privacy_requests).where(
        privacy_requests.c.id == request_id, privacy_requests.c.subject_id.is_not(None)
    )
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    return (row.kind, Subject(row.subject_kind, row.subject_id)) if row else None


def save_exported(
    connection: Connection, request_id: int, counts: dict[str, int], *, actor: str, now: datetime
) -> None:
    """Note that an export was handed out, which ends the request the first time.

    The record names the subject for a few days more, so that an export whose file was lost can be made again.
    """
    ended = _save_end(connection, request_id, counts, actor=actor, now=now)
    action = "do_privacy_request" if ended else "repeat_privacy_request"
    _note(connection, action, request_id, _list_found(counts), actor=actor, now=now)


def save_erased(connection: Connection, request_id: int, counts: dict[str, int], *, actor: str, now: datetime) -> None:
    """Note that the subject was erased; no request that is done names it any more."""
    _save_end(connection, request_id, counts, actor=actor, now=now)
    same_hash = select(privacy_requests.c.subject_hash).where(privacy_requests.c.id == request_id).scalar_subquery()
    done = privacy_requests.c.subject_hash == same_hash, privacy_requests.c.done_at.is_not(None)
    connection.execute(update(privacy_requests).where(*done).values(subject_id=None))
    _note(connection, "do_privacy_request", request_id, _list_found(counts), actor=actor, now=now)


def save_closed(connection: Connection, request_id: int, *, actor: str, now: datetime) -> bool:
    """Note that somebody ended an open request because nothing is stored; says whether there was one."""
    if not _save_end(connection, request_id, {}, actor=actor, now=now):
        return False
    connection.execute(update(privacy_requests).where(privacy_requests.c.id == request_id).values(subject_id=None))
    _note(connection, "close_privacy_request", request_id, {}, actor=actor, now=now)
    return True


def _save_end(connection: Connection, request_id: int, result: dict[str, int], *, actor: str, now: datetime) -> bool:
    is_open = privacy_requests.c.id == request_id, privacy_requests.c.done_at.is_(None)
    values = {"done_at": now, "done_by": actor, "result": result}
    return connection.execute(update(privacy_requests).where(*is_open).values(values)).rowcount == 1


def _list_found(counts: dict[str, int]) -> dict[str, int]:
    return {name: rows for name, rows in counts.items() if rows}


def fetch_request(connection: Connection, request_id: int, *, now: datetime) -> PrivacyRequest | None:
    """One request, or None."""
    row = connection.execute(select(privacy_requests).where(privacy_requests.c.id == request_id)).one_or_none()
    return _format(row, now) if row else None


def fetch_requests(connection: Connection, page: Page, *, now: datetime) -> list[PrivacyRequest]:
    """A page of requests, the newest first, and one more if others follow."""
    statement = select(privacy_requests).order_by(privacy_requests.c.id.desc()).limit(page.fetch)
    if page.after:
        statement = statement.where(privacy_requests.c.id < int(page.after[0]))
    return [_format(row, now) for row in connection.execute(statement)]


def count_requests(connection: Connection) -> int:
    """How many there are."""
    return connection.execute(select(func.count()).select_from(privacy_requests)).scalar_one()


def _format(row: Row[Any], now: datetime) -> PrivacyRequest:
    done = row.done_at is not None
    return PrivacyRequest(
        **{name: row._mapping[name] for name in PrivacyRequest.model_fields if name in row._mapping},
        status="done" if done else "open",
        overdue=not done and row.due_at < now,
    )


def _note(
    connection: Connection, action: str, request_id: int, details: dict[str, Any], *, actor: str, now: datetime
) -> None:
    subject = f"privacy_request:{request_id}"
    save_audit_entry(connection, actor=actor, action=action, subject=subject, details=details, now=now)
