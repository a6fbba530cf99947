"""What the ledger of background work relies on holds for every kind that is listed."""

import pytest

from metrics_api.db.tables import metadata
from metrics_api.ledgers import KINDS, LEDGERS
from metrics_api.work.dead_letters import Ledger
from metrics_api.work.kinds import Kind, in_states
from viral_runtime.work.queues import QueueName

COLUMNS = {
    "id",
    "status",
    "attempt",
    "next_attempt_at",
    "last_error",
    "enqueued_at",
    "enqueue_count",
    "created_at",
    "finished_at",
    "discarded_at",
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_its_table_has_the_columns_of_a_ledger(kind: Kind) -> None:
    assert set(metadata.tables[kind.table].columns.keys()) >= COLUMNS


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_no_row_waits_for_a_worker_and_for_a_person(kind: Kind) -> None:
    assert not {*kind.waiting, *kind.running} & set(kind.held)


@pytest.mark.parametrize("ledger", LEDGERS, ids=lambda ledger: ledger.kind.name)
def test_a_person_may_retry_or_discard_and_confirm_only_what_is_uncertain(ledger: Ledger) -> None:
    assert set(ledger.decisions) == {"retry", "discard"} | ({"confirm"} if ledger.kind.unconfirmed else set())


def test_a_queue_carries_rows_of_one_kind_and_that_of_ticks_carries_none() -> None:
    queues = [queue for kind in KINDS for queue in kind.queues]
    assert sorted(queues) == sorted(set(QueueName) - {QueueName.DEFAULT})


def test_no_state_at_all_is_a_condition_too() -> None:
    assert (in_states(), in_states("a", "b")) == ("status = ANY ('{}')", "status = ANY ('{a,b}')")
