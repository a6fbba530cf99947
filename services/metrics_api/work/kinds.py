"""A kind of background work, as the ledger sees it: its table and the meaning of its states.

Rows of every kind have `status`, `attempt`, `next_attempt_at`, `last_error`, `enqueued_at`, `enqueue_count`,
`created_at`, `finished_at` and `discarded_at`; leased ones have `token`, `lease_until` and `max_attempts`, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from viral_runtime.work.queues import QueueName


@dataclass(frozen=True)
class Kind:
    """One kind of work. `queues` selects in SQL the rows of each queue.

    The first of the `waiting` states is that of a new row, the first of the `running` ones that of a row just claimed.
    A row that `failed` or is `unconfirmed` needs a person's decision.
    """

    name: str
    table: str
    queues: Mapping[QueueName, str]
    waiting: tuple[str, ...]
    running: tuple[str, ...]
    failed: str
    unconfirmed: tuple[str, ...] = ()

    @property
    def held(self) -> tuple[str, ...]:
        """The states in which a row needs a person's decision."""
        return (self.failed, *self.unconfirmed)

    @property
    def is_due(self) -> str:
        """SQL for rows that a worker may claim at `:now`."""
        return f"{in_states(*self.waiting)} AND (next_attempt_at IS NULL OR next_attempt_at <= :now)"

    @property
    def is_dead_letter(self) -> str:
        """SQL for rows that need a person's decision."""
        return f"{in_states(*self.held)} AND discarded_at IS NULL"


def in_states(*states: str) -> str:
    """SQL for rows in one of these states."""
    return f"status = ANY ('{{{','.join(states)}}}')"
