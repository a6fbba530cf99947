"""The rows of drafts."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, text, update

from metrics_api.access.audit import save_audit_entry
from metrics_api.db.paging import Page
from metrics_api.db.tables import draft_days, drafts
from viral_contract.models.drafts import Draft, DraftRequest
from viral_contract.models.period import Period

CURSOR = "drafts"
MAX_SHADOWS = 5
_column = drafts.c
_PAGE = """
    SELECT draft.*, (
        SELECT count(*) FROM draft_days WHERE draft_id = draft.id AND day BETWEEN draft.start AND draft."end"
    ) AS done_days
    FROM drafts AS draft WHERE {condition} ORDER BY id DESC LIMIT :most
"""


class UnknownDraftError(Exception):
    """There is no draft with this id."""


class TooManyShadowsError(Exception):
    """As many drafts as may run beside the live settings do."""


def save_draft(connection: Connection, body: DraftRequest, *, actor: str, now: datetime) -> int:
    """Create a draft, whose replay is due at once; returns its id. Raises TooManyShadowsError."""
    values = {**_values(body), "created_at": now, "created_by": actor}
    draft_id: int = connection.execute(insert(drafts).values(values).returning(_column.id)).scalar_one()
    _note(connection, "create_draft", draft_id, actor=actor, now=now, after=_describe(body))
    if body.shadow:
        set_shadow(connection, draft_id, now.date(), actor=actor, now=now)
    return draft_id


def change_draft(connection: Connection, draft_id: int, body: DraftRequest, *, actor: str, now: datetime) -> None:
    """Change a draft, which is replayed again. Raises UnknownDraftError or TooManyShadowsError."""
    before = _lock(connection, draft_id)
    changed = _values(body)
    connection.execute(
        update(drafts).where(_column.id == draft_id).values(**changed, is_replayed=False, is_promoted=False)
    )
    if (before.settings, before.start, before.end) != (changed["settings"], body.start, body.end):
        connection.execute(delete(draft_days).where(draft_days.c.draft_id == draft_id))
    known = {"name": before.name, "settings": before.settings, "start": str(before.start), "end": str(before.end)}
    _note(connection, "change_draft", draft_id, actor=actor, now=now, before=known, after=_describe(body))
    if body.shadow != (before.shadow_since is not None):
        set_shadow(connection, draft_id, now.date() if body.shadow else None, actor=actor, now=now)


def set_shadow(connection: Connection, draft_id: int, since: date | None, *, actor: str, now: datetime) -> None:
    """Let the draft run beside the live settings from a date on, or no longer.

    Raises UnknownDraftError or TooManyShadowsError.
    """
    before = _lock(connection, draft_id)
    if since is not None and before.shadow_since is None and _count_shadows(connection) >= MAX_SHADOWS:
        raise TooManyShadowsError
    connection.execute(update(drafts).where(_column.id == draft_id).values(shadow_since=since))
    action = "end_shadow" if since is None else "run_shadow"
    _note(connection, action, draft_id, actor=actor, now=now)


def promote_draft(connection: Connection, draft_id: int, *, actor: str, now: datetime) -> None:
    """Record that the draft is to become live, which the cluster's values do. Raises UnknownDraftError."""
    _lock(connection, draft_id)
    connection.execute(update(drafts).where(_column.id == draft_id).values(is_promoted=True, shadow_since=None))
    _note(connection, "promote_draft", draft_id, actor=actor, now=now)


def delete_draft(connection: Connection, draft_id: int, *, actor: str, now: datetime) -> None:
    """Discard the draft and what its replay found. Raises UnknownDraftError."""
    before = _lock(connection, draft_id)
    connection.execute(delete(drafts).where(_column.id == draft_id))
    known = {"name": before.name, "settings": before.settings}
    _note(connection, "discard_draft", draft_id, actor=actor, now=now, before=known)


def fetch_draft(connection: Connection, draft_id: int) -> Draft:
    """A draft and how far its replay is. Raises UnknownDraftError."""
    row = connection.execute(text(_PAGE.format(condition="id = :id")), {"id": draft_id, "most": 1}).one_or_none()
    if row is None:
        raise UnknownDraftError
    return _format(row)


def fetch_drafts(connection: Connection, page: Page) -> list[Draft]:
    """A page of drafts, newest first, and one more if others follow."""
    condition = "id < CAST(:after AS bigint)" if page.after else "true"
    values = {"most": page.fetch, **({"after": page.after[0]} if page.after else {})}
    return [_format(row) for row in connection.execute(text(_PAGE.format(condition=condition)), values)]


def count_drafts(connection: Connection) -> int:
    """The number of drafts."""
    total: int = connection.execute(text("SELECT count(*) FROM drafts")).scalar_one()
    return total


def _count_shadows(connection: Connection) -> int:
    count: int = connection.execute(text("SELECT count(*) FROM drafts WHERE shadow_since IS NOT NULL")).scalar_one()
    return count


def _lock(connection: Connection, draft_id: int) -> Row[Any]:
    row = connection.execute(select(drafts).where(_column.id == draft_id).with_for_update()).one_or_none()
    if row is None:
        raise UnknownDraftError
    return row


def _values(body: DraftRequest) -> dict[str, Any]:
    settings = body.settings.model_dump(exclude_none=True)
    return {"name": body.name, "settings": settings, "start": body.start, "end": body.end}


def _describe(body: DraftRequest) -> dict[str, Any]:
    return {**_values(body), "start": str(body.start), "end": str(body.end)}


def _format(row: Row[Any]) -> Draft:
    period = Period.between(row.start, row.end)
    replayed = "done" if row.done_days == period.days else "replaying"
    return Draft(
        id=row.id,
        name=row.name,
        status="promoted" if row.is_promoted else replayed,
        settings=row.settings,
        period=period,
        shadow_since=row.shadow_since,
        done_days=row.done_days,
        total_days=period.days,
        created_at=row.created_at,
        created_by=row.created_by,
    )


def _note(
    connection: Connection,
    action: str,
    draft_id: int,
    *,
    actor: str,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    subject = f"draft:{draft_id}"
    save_audit_entry(connection, actor=actor, action=action, subject=subject, before=before, after=after, now=now)
