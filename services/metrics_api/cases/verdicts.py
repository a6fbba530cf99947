"""Verdicts of people on cases, and their undoing; each is audited and kept.

A case's verdict is the newest one that is not undone. `unsure` leaves the case open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, text

from metrics_api.access.audit import save_audit_entry
from metrics_api.cases.events import save_decided
from metrics_api.db.tables import cases
from viral_contract.models.cases import VerdictRequest

_DECISION = "verdict, reason, note, until, decided_at, decided_by"
# The order in which evaluations lock cases, too.
_LOCK = select(cases).order_by(cases.c.id).with_for_update(key_share=True)
_NEXT_UNDO_ID = text("SELECT nextval(pg_get_serial_sequence('case_verdicts', 'id'))")
_SAVE = text(f"""
    INSERT INTO case_verdicts (case_id, {_DECISION}, undo_id)
    SELECT case_id, :verdict, :reason, :note, :until, :now, :actor, CAST(:undo_id AS bigint)
    FROM unnest(CAST(:ids AS bigint[])) AS decided (case_id) ORDER BY case_id
""")
_UNDO = text("UPDATE case_verdicts SET undone_at = :now, undone_by = :actor WHERE id = ANY(:verdicts)")
_NEWEST = text("""
    SELECT DISTINCT ON (case_id) id, case_id FROM case_verdicts
    WHERE case_id = ANY(:ids) AND undone_at IS NULL ORDER BY case_id, id DESC
""")
_GIVEN_AT_ONCE = text("SELECT id, case_id FROM case_verdicts WHERE undo_id = :undo_id AND undone_at IS NULL")
# Cases follow what is kept. One that becomes open again takes the place of what was opened about its entity meanwhile.
_MAKE_WAY = text("""
    UPDATE cases SET status = 'closed', status_at = :now FROM cases AS reopened
    WHERE cases.status = 'open' AND cases.kind = reopened.kind AND cases.entity = reopened.entity
        AND reopened.id = ANY(:ids) AND cases.id <> ALL(:ids)
""")
_FOLLOW = text(f"""
    WITH newest AS (
        SELECT changed.id AS case_id, given.* FROM unnest(CAST(:ids AS bigint[])) AS changed (id) LEFT JOIN LATERAL (
            SELECT {_DECISION} FROM case_verdicts
            WHERE case_id = changed.id AND undone_at IS NULL ORDER BY id DESC LIMIT 1
        ) AS given ON true
    ), following AS (
        SELECT newest.*, CASE WHEN newest.verdict IN ('fraud', 'legitimate') THEN 'decided'
            WHEN cases.status = 'decided' THEN 'open' ELSE cases.status END AS new_status
        FROM newest JOIN cases ON cases.id = case_id
    )
    UPDATE cases SET status = new_status,
        status_at = CASE cases.status WHEN new_status THEN cases.status_at ELSE :now END,
        {", ".join(f"{column} = following.{column}" for column in _DECISION.split(", "))}
    FROM following WHERE cases.id = case_id
""")


class UnknownCasesError(Exception):
    """There are no cases with these ids, or no verdicts that were given at once with this one."""

    def __init__(self, ids: Sequence[int]) -> None:
        super().__init__(ids)
        self.ids = ids


class CaseConflictError(Exception):
    """These cases are not what the caller takes them for: decided by somebody, closed, or not decided at all."""

    def __init__(self, rows: Sequence[Row[Any]]) -> None:
        super().__init__(rows)
        self.rows = rows


@dataclass(frozen=True)
class Act:
    """Who decides, and when."""

    actor: str
    now: datetime


def save_verdict(connection: Connection, case_ids: Sequence[int], request: VerdictRequest, act: Act) -> None:
    """Decide the case, or all of them or none.

    Raises UnknownCasesError, or CaseConflictError if one is closed, or decided and the request does not change it.
    """
    _save(connection, case_ids, request, act, undo_id=None)


def save_verdicts(connection: Connection, case_ids: Sequence[int], request: VerdictRequest, act: Act) -> int:
    """Decide all of these cases or none; returns the id by which they are undone at once. Raises as `save_verdict`."""
    undo_id: int = connection.execute(_NEXT_UNDO_ID).scalar_one()
    _save(connection, case_ids, request, act, undo_id=undo_id)
    return undo_id


def _save(
    connection: Connection, case_ids: Sequence[int], request: VerdictRequest, act: Act, *, undo_id: int | None
) -> None:
    before = _lock(connection, case_ids)
    taken = [row for row in before if row.status == "closed" or (row.status == "decided" and not request.change)]
    if taken:
        raise CaseConflictError(taken)
    given = request.model_dump(include={"verdict", "reason", "note", "until"})
    values = {**given, "ids": sorted(set(case_ids)), "undo_id": undo_id, "actor": act.actor, "now": act.now}
    connection.execute(_SAVE, values)
    _follow(connection, before, "decide_case", act, undo_id=undo_id)


def undo_verdict(connection: Connection, case_id: int, act: Act) -> None:
    """Take back the newest verdict on the case: it is as before. Raises UnknownCasesError or CaseConflictError."""
    before = _lock(connection, [case_id])
    newest = _fetch_newest(connection, [case_id])
    if not newest:
        raise CaseConflictError(before)
    _undo(connection, before, newest, act)


def undo_verdicts(connection: Connection, undo_id: int, act: Act) -> list[int]:
    """Take back all verdicts that were given at once and still stand; returns the cases' ids.

    Raises UnknownCasesError if there are none, or CaseConflictError if somebody changed one of them since.
    """
    given = {row.case_id: row.id for row in connection.execute(_GIVEN_AT_ONCE, {"undo_id": undo_id})}
    if not given:
        raise UnknownCasesError([undo_id])
    before = _lock(connection, list(given))
    newest = _fetch_newest(connection, list(given))
    changed = [row for row in before if newest.get(row.id) != given[row.id]]
    if changed:
        raise CaseConflictError(changed)
    _undo(connection, before, newest, act)
    return sorted(given)


def _lock(connection: Connection, case_ids: Sequence[int]) -> Sequence[Row[Any]]:
    rows = connection.execute(_LOCK.where(cases.c.id.in_(case_ids))).all()
    missing = sorted(set(case_ids) - {row.id for row in rows})
    if missing:
        raise UnknownCasesError(missing)
    return rows


def _fetch_newest(connection: Connection, case_ids: Sequence[int]) -> dict[int, int]:
    return {row.case_id: row.id for row in connection.execute(_NEWEST, {"ids": list(case_ids)})}


def _undo(connection: Connection, before: Sequence[Row[Any]], newest: Mapping[int, int], act: Act) -> None:
    connection.execute(_UNDO, {"verdicts": list(newest.values()), "now": act.now, "actor": act.actor})
    _follow(connection, before, "undo_verdict", act)


def _follow(
    connection: Connection, before: Sequence[Row[Any]], action: str, act: Act, *, undo_id: int | None = None
) -> None:
    """Set the cases' verdicts, and note who changed what."""
    ids = [row.id for row in before]
    connection.execute(_MAKE_WAY, {"ids": ids, "now": act.now})
    connection.execute(_FOLLOW, {"ids": ids, "now": act.now})
    after = {row.id: row for row in connection.execute(select(cases).where(cases.c.id.in_(ids)))}
    save_decided(connection, list(after.values()), is_undone=action == "undo_verdict", now=act.now)
    details = {"undo_id": undo_id} if undo_id else None
    for row in before:
        save_audit_entry(
            connection,
            actor=act.actor,
            action=action,
            subject=f"case:{row.id}",
            details=details,
            before=_describe(row),
            after=_describe(after[row.id]),
            now=act.now,
        )


def _describe(row: Row[Any]) -> dict[str, object]:
    until = row.until and row.until.isoformat()
    return {"status": row.status, "verdict": row.verdict, "reason": row.reason, "note": row.note, "until": until}
