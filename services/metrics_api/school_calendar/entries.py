"""The calendar's entries: listed, saved one by one or many at once, deleted; the audit keeps every change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, delete, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from metrics_api.access.audit import save_audit_entry
from metrics_api.db.paging import Page
from metrics_api.db.sorting import Sorting, SortKey
from metrics_api.db.tables import calendar_entries
from viral_contract.models.calendar import CalendarEntry, CalendarEntryRequest, CalendarKind, CalendarSort
from viral_contract.models.flagged import SortOrder

_column = calendar_entries.c
_KEYS: dict[CalendarSort, SortKey] = {
    "start": SortKey("start", "date"),
    "end": SortKey('"end"', "date"),
    "name": SortKey("lower(name)", "text", is_descending=False),
    "kind": SortKey("kind", "text", is_descending=False),
}
_TIE = SortKey("id", "text", is_descending=False)
_MATCHES = """
    (CAST(:start AS date) IS NULL OR "end" >= :start) AND (CAST(:end AS date) IS NULL OR start <= :end)
    AND (CAST(:kind AS text) IS NULL OR kind = :kind)
    AND (CAST(:text AS text) IS NULL OR position(lower(:text) IN lower(name)) > 0)
"""
_COUNT = text(f"SELECT count(*) FROM calendar_entries WHERE {_MATCHES}")


@dataclass(frozen=True)
class CalendarFilter:
    """Which entries are listed: those with a date in the period, of one kind, with a text in their name."""

    start: date | None = None
    end: date | None = None
    kind: CalendarKind | None = None
    text: str | None = None


class Imported(NamedTuple):
    """How many entries an import added, and how many it replaced."""

    created: int
    replaced: int


def build_sorting(sort: CalendarSort = "start", order: SortOrder | None = None) -> Sorting[CalendarSort]:
    """The order of the calendar, the latest first where none is asked for."""
    return Sorting("calendar", _KEYS, _TIE, sort, order)


def fetch_entries(
    connection: Connection, wanted: CalendarFilter, sorting: Sorting[CalendarSort], page: Page
) -> Sequence[Row[Any]]:
    """A page of the entries, and one row more if others follow."""
    statement = text(f"""
        SELECT * FROM (SELECT *, {sorting.select} FROM calendar_entries WHERE {_MATCHES}) AS entry
        WHERE {sorting.build_behind(page)} {sorting.order_by} LIMIT :fetch
    """)
    return connection.execute(statement, {**vars(wanted), **sorting.list_values(page)}).all()


def count_entries(connection: Connection, wanted: CalendarFilter) -> int:
    """How many entries match."""
    count: int = connection.execute(_COUNT, vars(wanted)).scalar_one()
    return count


def fetch_entry(connection: Connection, entry_id: str) -> CalendarEntry | None:
    """One entry, or None if there is none."""
    row = connection.execute(select(calendar_entries).where(_column.id == entry_id)).one_or_none()
    return None if row is None else CalendarEntry.model_validate(row, from_attributes=True)


def save_entry(
    connection: Connection, entry_id: str, given: CalendarEntryRequest, *, actor: str, now: datetime
) -> tuple[CalendarEntry, bool]:
    """Add an entry or change it; says whether it is new."""
    before = _lock(connection, entry_id)
    _store(connection, {entry_id: given}, actor=actor, now=now)
    after = given.model_dump(mode="json")
    _note(connection, "save_calendar_entry", entry_id, before=before, after=after, actor=actor, now=now)
    saved = connection.execute(select(calendar_entries).where(_column.id == entry_id)).one()
    return CalendarEntry.model_validate(saved, from_attributes=True), before is None


def delete_entry(connection: Connection, entry_id: str, *, actor: str, now: datetime) -> bool:
    """Delete an entry; says whether there was one."""
    before = _lock(connection, entry_id)
    if before is None:
        return False
    connection.execute(delete(calendar_entries).where(_column.id == entry_id))
    _note(connection, "delete_calendar_entry", entry_id, before=before, after=None, actor=actor, now=now)
    return True


def import_entries(
    connection: Connection,
    entries: Mapping[str, CalendarEntryRequest],
    replaced: ColumnElement[bool],
    subject: str,
    *,
    actor: str,
    now: datetime,
) -> Imported:
    """Put these entries in the place of those that `replaced` matches; `subject` says in the audit where from."""
    gone = connection.execute(delete(calendar_entries).where(replaced).returning(_column.id)).scalars().all()
    _store(connection, entries, actor=actor, now=now)
    kept = len(entries.keys() & set(gone))
    after = {"added": len(entries) - kept, "replaced": kept, "removed": len(gone) - kept}
    _note(connection, "import_calendar", subject, before=None, after=after, actor=actor, now=now)
    return Imported(len(entries) - kept, kept)


def is_of_events(ids: Sequence[str]) -> ColumnElement[bool]:
    """Whether an entry came from one of these events, which may have repeated."""
    # A UID may hold what a pattern knows: it is compared, not matched.
    repeated = func.left(_column.id, -len("/2026")).in_(ids) & _column.id.regexp_match("/[0-9]{4}$")
    return or_(_column.id.in_(ids), repeated)


def is_of_school_holidays(prefix: str, year: int) -> ColumnElement[bool]:
    """Whether an entry is among the holidays of a country or region that have a date in the year."""
    in_year = (_column.start <= date(year, 12, 31)) & (_column.end >= date(year, 1, 1))
    return _column.id.startswith(prefix, autoescape=True) & in_year


def _store(connection: Connection, entries: Mapping[str, CalendarEntryRequest], *, actor: str, now: datetime) -> None:
    rows = [
        {"id": entry_id, **given.model_dump(), "created_at": now, "created_by": actor}
        for entry_id, given in entries.items()
    ]
    if rows:
        statement = insert(calendar_entries).values(rows)
        new = {name: statement.excluded[name] for name in ("name", "start", "end", "kind")}
        connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=new))


def _lock(connection: Connection, entry_id: str) -> dict[str, Any] | None:
    columns = (_column.name, _column.start, _column.end, _column.kind)
    row = connection.execute(select(*columns).where(_column.id == entry_id).with_for_update()).one_or_none()
    return None if row is None else CalendarEntryRequest.model_validate(dict(row._mapping)).model_dump(mode="json")


def _note(
    connection: Connection,
    action: str,
    subject: str,
    *,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    actor: str,
    now: datetime,
) -> None:
    named = f"calendar:{subject}"
    save_audit_entry(connection, actor=actor, action=action, subject=named, before=before, after=after, now=now)
