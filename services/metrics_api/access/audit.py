"""The audit log: who did what, when and from where. Entries can only be added; a trigger enforces it.

The caller of the request being served is known to its thread, so that no function needs to be given it.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta
from threading import Lock
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, Text, case, cast, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from metrics_api.db.paging import Page
from metrics_api.db.tables import audit_entries, refused_sign_ins
from viral_contract.models.audit import AuditEntry, AuditFilter

SYSTEM = "system"
VISITOR = "visitor"
"""Keys of actors without an account: the service itself, and a visitor who has not signed in."""


@dataclass(frozen=True)
class Actor:
    """The caller's address, None outside a request, and key, which unlike a name is unique."""

    address: str | None = None
    actor_key: str = SYSTEM


_actor: ContextVar[Actor | None] = ContextVar("request_actor", default=None)
CURSOR = "audit"
LookAction = Literal["look_at_identifiers", "name_identifier"]
Look = dict[str, object]
"""The columns of an entry that is added at most once an hour."""
_column = audit_entries.c
_MOST_NOTED = 100_000


def note_actor(actor: Actor) -> None:
    """Set the caller of the request that this thread serves."""
    _actor.set(actor)


def current_actor() -> Actor:
    """The caller of the current request; the system outside a request."""
    return _actor.get() or Actor()


class NotedLooks:
    """The looks that this process has logged: most requests then need no statement to know that they are."""

    def __init__(self) -> None:
        self._keys: set[object] = set()
        self._hour = ""
        self._lock = Lock()

    def add(self, looks: Iterable[Look]) -> None:
        """Remember looks whose entries are committed, and no others than those of this hour."""
        with self._lock:
            for look in looks:
                hour = str(look["once_key"]).rpartition(" ")[2]
                if hour != self._hour or len(self._keys) >= _MOST_NOTED:
                    self._keys, self._hour = set(), hour
                self._keys.add(look["once_key"])

    def __contains__(self, look: Look) -> bool:
        with self._lock:
            return look["once_key"] in self._keys

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._keys.clear()


def build_look(actor: str, route: str, action: LookAction, *, now: datetime) -> Look:
    """The entry about a view of identifiers by the current request, the same throughout an hour."""
    # The key, not the name: two actors with one name must not share an entry.
    once_key = f"{current_actor().actor_key} {action} {route} {now:%Y-%m-%dT%H}"
    return {"at": now, "actor": actor, "action": action, "subject": route, "once_key": once_key}


def save_looks(connection: Connection, looks: Sequence[Look]) -> None:
    """Log that the caller saw full identifiers, or named one that it may not see, unless the log has the entry."""
    statement = insert(audit_entries).values([{**look, **asdict(current_actor())} for look in looks])
    connection.execute(statement.on_conflict_do_nothing(index_elements=["once_key"]))


def save_audit_entry(
    connection: Connection,
    *,
    actor: str,
    action: str,
    subject: str,
    actor_key: str | None = None,
    details: Mapping[str, object] | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    now: datetime,
) -> None:
    """Log an action in the transaction that does it; `subject` is `kind:id`.

    `before` and `after` hold the changed values, None if the subject did not exist. `actor_key` identifies an actor
    who is not the caller of the current request.
    """
    row = {"at": now, "actor": actor, "action": action, "subject": subject, **asdict(current_actor())}
    if actor_key is not None:
        row["actor_key"] = actor_key
    changed = {"details": details, "before": before, "after": after}
    given = {name: value for name, value in changed.items() if value is not None}
    connection.execute(insert(audit_entries).values({**row, **given}))


def fetch_audit_entries(connection: Connection, subject: str) -> Sequence[Row[Any]]:
    """The entries about one subject, oldest first."""
    statement = select(audit_entries).where(_column.subject == subject)
    return connection.execute(statement.order_by(_column.id)).all()


def fetch_audit_page(
    connection: Connection, wanted: AuditFilter, page: Page, *, oldest_first: bool = False
) -> list[AuditEntry]:
    """A page of the entries, newest first or oldest first, and one more if others follow."""
    shown = [column for column in _column if column.name not in ("address", "once_key", "details")]
    counted = refused_sign_ins.c.once_key == _column.once_key
    counts = func.jsonb_build_object("refusals", refused_sign_ins.c.refusals, "last_at", refused_sign_ins.c.last_at)
    details = case((counted, _column.details.concat(counts)), else_=_column.details)
    # The host only: PostgreSQL appends the prefix length to an address.
    host = cast(func.host(_column.address), Text).label("address")
    rows_from = audit_entries.outerjoin(refused_sign_ins, counted)
    statement = select(*shown, details.label("details"), host).select_from(rows_from).where(*_conditions(wanted))
    if page.after:
        last = int(page.after[0])
        statement = statement.where(_column.id > last if oldest_first else _column.id < last)
    in_order = _column.id.asc() if oldest_first else _column.id.desc()
    rows = connection.execute(statement.order_by(in_order).limit(page.fetch))
    return [AuditEntry.model_validate(dict(row._mapping)) for row in rows]


def count_audit_entries(connection: Connection, wanted: AuditFilter) -> int:
    """The number of entries that match the filter."""
    statement = select(func.count()).select_from(audit_entries).where(*_conditions(wanted))
    return connection.execute(statement).scalar_one()


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.actor:
        conditions.append(_column.actor == wanted.actor)
    if wanted.action:
        conditions.append(_column.action == wanted.action)
    if wanted.q:
        # An action may be written as people read it.
        action = _column.action.icontains(wanted.q.replace(" ", "_"), autoescape=True)
        others = (part.icontains(wanted.q, autoescape=True) for part in (_column.actor, _column.subject))
        conditions.append(or_(action, *others))
    if wanted.subject:
        conditions.append(_column.subject.startswith(wanted.subject, autoescape=True))
    if wanted.start:
        conditions.append(_column.at >= datetime.combine(wanted.start, time(), UTC))
    if wanted.end:
        conditions.append(_column.at < datetime.combine(wanted.end + timedelta(days=1), time(), UTC))
    return conditions
