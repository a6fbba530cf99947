"""What parents ask for: recorded with a due date, done by a person, and then kept without the name."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from metrics_api.access.audit import save_audit_entry
from metrics_api.db.paging import Page, Sealer
from metrics_api.db.tables import privacy_requests
from metrics_api.privacy.subjects import Subject
from viral_engine.contract.privacy import PrivacyRequest, PrivacyRequestDraft

CURSOR = "privacy_requests"


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


def fetch_open_request(connection: Connection, request_id: int) -> PrivacyRequestDraft | None:
    """What is still to be done, locked until the transaction ends; None when there is no such open request."""
    statement = select(privacy_requests).where(
        privacy_requests.c.id == request_id, privacy_requests.c.done_at.is_(None)
    )
    row = connection.execute(statement.with_for_update()).one_or_none()
    names = PrivacyRequestDraft.model_fields
    return PrivacyRequestDraft.model_construct(**{name: row._mapping[name] for name in names}) if row else None


def save_done(connection: Connection, request_id: int, result: dict[str, int], *, actor: str, now: datetime) -> None:
    """Note that a request is done, and forget whom it was about."""
    values = {"done_at": now, "done_by": actor, "result": result, "subject_id": None}
    connection.execute(update(privacy_requests).where(privacy_requests.c.id == request_id).values(values))
    _note(connection, "do_privacy_request", request_id, result, actor=actor, now=now)


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
