"""Verdicts of people on cases, and their undoing; each is audited and kept.

A case's verdict is the newest one that is not undone. `unsure` leaves the case open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, text, tuple_

from metrics_api.access.audit import save_audit_entry
from metrics_api.cases.events import save_decided
from metrics_api.cases.stakes import share_cases
from metrics_api.db.tables import cases
from viral_contract.models.cases import VerdictRequest

_DECISION = "verdict, reason, note, until, decided_at, decided_by"
_ENTITY = tuple_(cases.c.kind, cases.c.entity)
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
# Cases follow what is kept.
_FOLLOWING = f"""
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
"""
# One that becomes open again takes the place of what was opened about its entity meanwhile.
_MAKE_WAY = text(f"""
    {_FOLLOWING}, closed AS (
        UPDATE cases SET status = 'closed', status_at = :now
        FROM following JOIN cases AS reopened ON reopened.id = following.case_id
        WHERE new_status = 'open' AND cases.status = 'open'
            AND cases.kind = reopened.kind AND cases.entity = reopened.entity AND cases.id <> ALL(:ids)
        RETURNING cases.id
    )
    INSERT INTO case_changes (case_id, changed_at, kind, rules)
    SELECT id, :now, 'closed', '{{}}' FROM closed ORDER BY id RETURNING case_id
""")
# One that gave way to a case that is decided again is open again.
_REOPEN = text("""
    WITH reopened AS (
        UPDATE cases SET status = 'open', status_at = :now
        FROM case_verdicts AS undone JOIN cases AS decided ON decided.id = undone.case_id
        WHERE undone.id = ANY(:verdicts) AND decided.status = 'decided' AND cases.status = 'closed'
            AND cases.kind = decided.kind AND cases.entity = decided.entity AND cases.status_at = undone.decided_at
        RETURNING cases.id
    )
    INSERT INTO case_changes (case_id, changed_at, kind, rules)
    SELECT id, :now, 'reopened', '{}' FROM reopened ORDER BY id RETURNING case_id
""")
_FOLLOW = text(f"""
    {_FOLLOWING}
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


def undo_verdict(connection: Connection, case_id: int, act: Act, *, verdict_id: int | None) -> None:
    """Take back the newest verdict on the case: it is as before.

    Raises UnknownCasesError, or CaseConflictError if there is none, or another one than is asked for.
    """
    before = _lock(connection, [case_id])
    newest = _fetch_newest(connection, [case_id])
    if newest.get(case_id) is None or verdict_id not in (None, newest[case_id]):
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
    """The cases, locked with the others about their entities in the order of their ids; no evaluation changes any."""
    share_cases(connection)
    entities = select(cases.c.kind, cases.c.entity).where(cases.c.id.in_(case_ids))
    locked = select(cases).where(_ENTITY.in_(entities)).order_by(cases.c.id).with_for_update(key_share=True)
    rows = [row for row in connection.execute(locked) if row.id in case_ids]
    missing = sorted(set(case_ids) - {row.id for row in rows})
    if missing:
        raise UnknownCasesError(missing)
    return rows


def _fetch_newest(connection: Connection, case_ids: Sequence[int]) -> dict[int, int]:
    return {row.case_id: row.id for row in connection.execute(_NEWEST, {"ids": list(case_ids)})}


def _undo(connection: Connection, before: Sequence[Row[Any]], newest: Mapping[int, int], act: Act) -> None:
    connection.execute(_UNDO, {"verdicts": list(newest.values()), "now": act.now, "actor": act.actor})
    _follow(connection, before, "undo_verdict", act, undone=list(newest.values()))


def _follow(
    connection: Connection,
    before: Sequence[Row[Any]],
    action: str,
    act: Act,
    *,
    undo_id: int | None = None,
    undone: Sequence[int] = (),
) -> None:
    """Set the cases' verdicts, and note who changed what."""
    ids = [row.id for row in before]
    closed = connection.execute(_MAKE_WAY, {"ids": ids, "now": act.now}).scalars().all()
    connection.execute(_FOLLOW, {"ids": ids, "now": act.now})
    reopened = connection.execute(_REOPEN, {"verdicts": undone, "now": act.now}).scalars().all() if undone else ()
    siblings = {**dict.fromkeys(closed, ("close_case", "open")), **dict.fromkeys(reopened, ("reopen_case", "closed"))}
    after = {row.id: row for row in connection.execute(select(cases).where(cases.c.id.in_([*ids, *siblings])))}
    save_decided(connection, [after[row.id] for row in before], is_undone=bool(undone), now=act.now)
    changes = [(row.id, action, _describe(row)) for row in before]
    changes += [(each, what, {**_describe(after[each]), "status": was}) for each, (what, was) in siblings.items()]
    for case_id, what, state in changes:
        save_audit_entry(
            connection,
            actor=act.actor,
            action=what,
            subject=f"case:{case_id}",
            details={"undo_id": undo_id} if undo_id else None,
            before=state,
            after=_describe(after[case_id]),
            now=act.now,
        )


def _describe(row: Row[Any]) -> dict[str, object]:
    until = row.until and row.until.isoformat()
    return {"status": row.status, "verdict": row.verdict, "reason": row.reason, "note": row.note, "until": until}
