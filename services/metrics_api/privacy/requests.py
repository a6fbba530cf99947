"""Parents' requests: recorded with a due date, completed by a person, and then kept without the subject."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, null, or_, select, update

from metrics_api.access.audit import save_audit_entry
from metrics_api.db.paging import CursorSigner, Page
from metrics_api.db.tables import privacy_requests
from metrics_api.privacy.erasure import Erasure
from metrics_api.privacy.subjects import Subject
from viral_contract.models.privacy import PrivacyRequest, PrivacyRequestDraft, RequestKind, Trace

_KEPT = frozenset(
    """
    a account address after agreed already an and as asked asks at attached attorney aunt authorization authorized
    authority before behalf birth both by call called calling caller card caregiver center certificate chat checked
    checks child children child's class confirmed consent contact contacted copy counselor court custody dad dad's date
    daughter day days desk details digits document documents driver's email emailed e-mail erase erased erasure export
    family father father's fax file filed first for form foster four from gave given grandfather grandmother
    grandparent guardian had has have head help helpdesk her his home identity in is it knew known knows last lawyer
    legal letter license live mail mailbox match matched matches message mom mom's mother mother's mum name named
    number of office on online order our over parent parental parents parent's party passport payment person phone
    phoned photo police portal post power principal privacy proof proved question questions reached received record
    records registered representative request requested same saw school secret security seen sent showed shown sign
    signature signed social son spoke statement stepfather stepmother student's support sworn talked teacher the
    their them they this through ticket to twice two uncle under using verbal verbally verified via video visit
    visited voice was we with without witness wrote written yes
    """.split()
)
_WORD = re.compile(r"[^\s,.;:!?()\[\]/\"“”]+")
_LEFT_OUT = "…"
_REPEATED = re.compile(rf"{_LEFT_OUT}(?:[\s,.;:/]*{_LEFT_OUT})+")


def leave_out_names(note: str) -> str:
    """The note with "…" for every word that may be an id or a name."""
    words = _WORD.sub(lambda word: word[0] if word[0].replace("’", "'").lower() in _KEPT else _LEFT_OUT, note)
    return _REPEATED.sub(_LEFT_OUT, words)


_column = privacy_requests.c
CURSOR = "privacy_requests"
# How long an export can be repeated.
EXPORT_AGAIN_DAYS = 7


def save_request(
    connection: Connection,
    draft: PrivacyRequestDraft,
    signer: CursorSigner,
    *,
    due_days: int,
    actor: str,
    now: datetime,
) -> int:
    """Record a request that is due this many days after it was received; returns its id."""
    received_at = draft.received_at or now
    values = {
        **draft.model_dump(exclude={"received_at"}),
        "subject_hash": _hash(signer, Subject(draft.subject_kind, draft.subject_id)),
        "created_by": actor,
        "received_at": received_at,
        "due_at": received_at + timedelta(days=due_days),
    }
    request_id: int = connection.execute(
        insert(privacy_requests).values(values).returning(privacy_requests.c.id)
    ).scalar_one()
    _note(connection, "record_privacy_request", request_id, {"kind": draft.kind}, actor=actor, now=now)
    return request_id


def _hash(signer: CursorSigner, subject: Subject) -> str:
    """A keyed hash of the subject; without the key it cannot be guessed by trial."""
    return hashlib.sha256(signer.seal(f"{subject.kind}:{subject.id}", purpose="subject").encode()).hexdigest()


def fetch_subject(connection: Connection, request_id: int, *, lock: bool = False) -> tuple[RequestKind, Subject] | None:
    """The request and its subject; None if there is no such request, or it no longer names the subject."""
    statement = select(privacy_requests).where(
        privacy_requests.c.id == request_id, privacy_requests.c.subject_id.is_not(None)
    )
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    return (row.kind, Subject(row.subject_kind, row.subject_id)) if row else None


def save_exported(
    connection: Connection, request_id: int, counts: dict[str, int], *, actor: str, now: datetime
) -> None:
    """Record an export, the first of which completes the request.

    The record names the subject for a few more days, so that an export can be repeated if its file was lost.
    """
    ended = _save_end(connection, request_id, counts, actor=actor, now=now)
    action = "do_privacy_request" if ended else "repeat_privacy_request"
    _note(connection, action, request_id, _list_found(counts), actor=actor, now=now)


def save_erased(connection: Connection, request_id: int, erasure: Erasure, *, actor: str, now: datetime) -> None:
    """Record that the subject was erased, and remove it from its completed requests."""
    _save_end(connection, request_id, dict(erasure.rows), actor=actor, now=now)
    same_hash = select(_column.subject_hash).where(_column.id == request_id).scalar_subquery()
    _forget_subject(connection, _column.subject_hash == same_hash, _column.done_at.is_not(None))
    _save_traces(connection, request_id, erasure.traces, erasure.credited)
    _note(connection, "do_privacy_request", request_id, _list_found(erasure.rows), actor=actor, now=now)


def save_traces_erased(
    connection: Connection, request_id: int, result: Mapping[str, int], erasure: Erasure, *, actor: str, now: datetime
) -> None:
    """Record that devices and sessions used only by the subject were erased, too; `result` is the earlier erasure's."""
    total = dict(Counter(result) + erasure.rows)
    connection.execute(update(privacy_requests).where(_column.id == request_id).values(result=total))
    _save_traces(connection, request_id, erasure.traces, [])
    _note(connection, "erase_traces", request_id, _list_found(erasure.rows), actor=actor, now=now)


def _save_traces(connection: Connection, request_id: int, traces: Sequence[Trace], credited: Sequence[str]) -> None:
    kept = {"used": [trace.model_dump() for trace in traces], "credited": list(credited)}
    values = {"traces": kept if traces or credited else null()}
    connection.execute(update(privacy_requests).where(_column.id == request_id).values(values))


def fetch_traces_of(connection: Connection, request_id: int) -> Row[Any] | None:
    """The traces that an erasure left, with its `result`, locked; None if there are none or they are unknown."""
    statement = select(privacy_requests).where(_column.id == request_id, _column.traces.is_not(None))
    return connection.execute(statement.with_for_update()).one_or_none()


def forget_done(connection: Connection, *, before: datetime) -> int:
    """Remove the subjects of requests completed before a time; returns the number."""
    named = or_(_column.subject_id.is_not(None), _column.note.is_not(None), _column.traces.is_not(None))
    connection.execute(update(privacy_requests).where(_column.done_at < before).values(traces=null()))
    return _forget_subject(connection, _column.done_at < before, named)


def _forget_subject(connection: Connection, *which: ColumnElement[bool]) -> int:
    changed = 0
    for row in connection.execute(select(_column.id, _column.subject_id, _column.note).where(*which)).all():
        values = {"subject_id": None, "note": row.note and leave_out_names(row.note)}
        if (row.subject_id, row.note) != tuple(values.values()):
            connection.execute(update(privacy_requests).where(_column.id == row.id).values(values))
            changed += 1
    return changed


def save_closed(connection: Connection, request_id: int, *, actor: str, now: datetime) -> bool:
    """Close an open request because no data is stored; returns whether there was one."""
    if not _save_end(connection, request_id, {}, actor=actor, now=now):
        return False
    _forget_subject(connection, _column.id == request_id)
    _note(connection, "close_privacy_request", request_id, {}, actor=actor, now=now)
    return True


def _save_end(connection: Connection, request_id: int, result: dict[str, int], *, actor: str, now: datetime) -> bool:
    is_open = privacy_requests.c.id == request_id, privacy_requests.c.done_at.is_(None)
    values = {"done_at": now, "done_by": actor, "result": result}
    return connection.execute(update(privacy_requests).where(*is_open).values(values)).rowcount == 1


def _list_found(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: rows for name, rows in counts.items() if rows}


def fetch_request(connection: Connection, request_id: int, *, now: datetime) -> PrivacyRequest | None:
    """One request, or None."""
    row = connection.execute(select(privacy_requests).where(privacy_requests.c.id == request_id)).one_or_none()
    return _format(row, now) if row else None


def fetch_requests(connection: Connection, page: Page, *, now: datetime) -> list[PrivacyRequest]:
    """A page of requests, newest first, and one more if others follow."""
    statement = select(privacy_requests).order_by(privacy_requests.c.id.desc()).limit(page.fetch)
    if page.after:
        statement = statement.where(privacy_requests.c.id < int(page.after[0]))
    return [_format(row, now) for row in connection.execute(statement)]


def count_requests(connection: Connection) -> int:
    """The number of requests."""
    return connection.execute(select(func.count()).select_from(privacy_requests)).scalar_one()


def _format(row: Row[Any], now: datetime) -> PrivacyRequest:
    done = row.done_at is not None
    columns = [name for name in PrivacyRequest.model_fields if name in row._mapping and name != "traces"]
    return PrivacyRequest(
        **{name: row._mapping[name] for name in columns},
        traces=row.traces["used"] if row.traces else [],
        status="done" if done else "open",
        overdue=not done and row.due_at < now,
    )


def _note(
    connection: Connection, action: str, request_id: int, details: dict[str, Any], *, actor: str, now: datetime
) -> None:
    subject = f"privacy_request:{request_id}"
    save_audit_entry(connection, actor=actor, action=action, subject=subject, details=details, now=now)
