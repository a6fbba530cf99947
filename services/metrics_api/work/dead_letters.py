"""Work of every kind that failed for good or may have been sent: one list, the newest first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.paging import Page
from metrics_api.work.kinds import Kind
from viral_contract.models.queues import DeadLetter
from viral_runtime.work.queues import QueueName

CURSOR = "dead letters"


@dataclass(frozen=True)
class Ledger:
    """A kind of work, its dead letters by their rows' ids, and what a person may decide about one."""

    kind: Kind
    describe: Callable[[Connection, Sequence[int]], dict[int, DeadLetter]]
    decisions: Mapping[str, Callable[..., bool]]


def fetch_dead_letters(connection: Connection, ledgers: Sequence[Ledger], page: Page) -> list[DeadLetter]:
    """One page of them, and one more if there is one: the newest first, then by id."""
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
    """A row as a letter, from its columns `id`, `status`, `last_error`, `attempt` and `finished_at`."""
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
