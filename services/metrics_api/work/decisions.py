"""What a person decides about a row that failed for good or is unconfirmed: applied while it still is, and audited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from metrics_api.access.audit import save_audit_entry
from metrics_api.work.kinds import Kind, in_states


@dataclass(frozen=True)
class Decision:
    """What may be decided about rows of a kind in some states; `change` is SQL."""

    name: str
    kind: Kind
    states: Sequence[str]
    change: str

    def take(self, connection: Connection, row_id: int, *, actor: str, now: datetime) -> bool:
        """Decide about a row and note who did; False where there is nothing to decide."""
        is_open = f"{in_states(*self.states)} AND discarded_at IS NULL"
        statement = text(f"UPDATE {self.kind.table} SET {self.change} WHERE id = :row_id AND {is_open}")
        if connection.execute(statement, {"row_id": row_id, "now": now}).rowcount == 0:
            return False
        action, subject = f"{self.name}_dead_letter", f"{self.kind.name}:{row_id}"
        save_audit_entry(connection, actor=actor, action=action, subject=subject, now=now)
        return True


def retry(kind: Kind, also: str = "") -> Decision:
    """To start again from the first attempt, with further changes."""
    change = (
        f"status = '{kind.waiting[0]}', attempt = 0, next_attempt_at = :now, enqueued_at = NULL, finished_at = NULL"
    )
    return Decision("retry", kind, kind.held, f"{change} {also}")


def discard(kind: Kind, also: str = "") -> Decision:
    """To give up for good, with further changes."""
    return Decision("discard", kind, kind.held, f"discarded_at = :now {also}")
