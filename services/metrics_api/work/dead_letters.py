"""Work of every kind that failed permanently or is unconfirmed: one list, newest first, and a person's decisions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.access.audit import save_audit_entry
from metrics_api.db.paging import Page
from metrics_api.work.kinds import Kind, in_states
from viral_contract.models.queues import DeadLetter
from viral_runtime.work.queues import QueueName

CURSOR = "dead letters"


@dataclass(frozen=True)
class Ledger:
    """A kind of work, a description of its dead letters by row id, and the possible decisions."""

    kind: Kind
    describe: Callable[[Connection, Sequence[int]], dict[int, DeadLetter]]
    decisions: Mapping[str, Callable[..., bool]]


@dataclass(frozen=True)
class Decision:
    """A decision about rows of a kind in some states; `change` is SQL."""

    name: str
    kind: Kind
    states: Sequence[str]
    change: str

    def take(self, connection: Connection, row_id: int, *, actor: str, now: datetime) -> bool:
        """Apply the decision to a row and audit it; False if the row needs no decision."""
        is_open = f"{in_states(*self.states)} AND discarded_at IS NULL"
        statement = text(f"UPDATE {self.kind.table} SET {self.change} WHERE id = :row_id AND {is_open}")
        if connection.execute(statement, {"row_id": row_id, "now": now}).rowcount == 0:
            return False
        action, subject = f"{self.name}_dead_letter", f"{self.kind.name}:{row_id}"
        save_audit_entry(connection, actor=actor, action=action, subject=subject, now=now)
        return True


def fetch_dead_letters(connection: Connection, ledgers: Sequence[Ledger], page: Page) -> list[DeadLetter]:
    """One page, and one more if others follow: newest first, then by id."""
    at, letter_id = page.after or (None, "-0")
    name, row_id = letter_id.split("-")
    values = {"at": at, "name": name, "row_id": row_id, "most": page.fetch}
    found = connection.execute(_select(ledgers), values).all()
    letters = {
        ledger.kind.name: ledger.describe(connection, [row.id for row in found if row.name == ledger.kind.name])
        for ledger in ledgers
    }
    return [letters[row.name][row.id] for row in found]


def format_letter(kind: Kind, queue: QueueName, row: Row[Any], *, what: str) -> DeadLetter:
    """A row as a dead letter, from its columns `id`, `status`, `last_error`, `attempt` and `finished_at`."""
    return DeadLetter(
        id=f"{kind.name}-{row.id}",
        state="uncertain" if row.status in kind.unconfirmed else "failed",
        queue=queue,
        what=what,
        reason=row.last_error or "unknown",
        attempts=row.attempt,
        failed_at=row.finished_at,
    )


def _select(ledgers: Sequence[Ledger]) -> Any:
    kinds = [ledger.kind for ledger in ledgers]
    letters = " UNION ALL ".join(
        f"SELECT '{kind.name}' AS name, id, finished_at FROM {kind.table} WHERE {kind.is_dead_letter}" for kind in kinds
    )
    return text(f"""
        SELECT name, id FROM ({letters}) AS letters
        WHERE CAST(:at AS timestamptz) IS NULL OR finished_at < :at
            OR finished_at = :at AND (name, id) > (:name, CAST(:row_id AS bigint))
        ORDER BY finished_at DESC, name, id LIMIT :most
    """)


def retry(kind: Kind, also: str = "") -> Decision:
    """The decision to start again from the first attempt; `also` are further changes in SQL."""
    change = (
        f"status = '{kind.waiting[0]}', attempt = 0, next_attempt_at = :now, enqueued_at = NULL, finished_at = NULL"
    )
    return Decision("retry", kind, kind.held, f"{change} {also}")


def discard(kind: Kind, also: str = "") -> Decision:
    """The decision to give up; `also` are further changes in SQL."""
    return Decision("discard", kind, kind.held, f"discarded_at = :now {also}")
