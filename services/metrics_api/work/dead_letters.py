"""Work of every kind that failed for good or may have been sent: one list, and what a person may decide about it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from metrics_api.db.paging import Page
from metrics_api.deliveries import dead_letters as deliveries
from metrics_api.deliveries.enqueue import poke_due_deliveries
from metrics_api.ingest import batch_queue as batches
from metrics_api.reports import dead_letters as reports
from metrics_api.reports.enqueue import poke_due_runs
from viral_contract.models.queues import DeadLetter

CURSOR = "dead letters"

_LETTERS = text("""
    SELECT kind, row_id FROM (
        SELECT 'report' AS kind, id AS row_id, finished_at FROM report_runs
        WHERE status = 'failed' AND discarded_at IS NULL
        UNION ALL SELECT 'delivery', id, finished_at FROM deliveries
        WHERE status IN ('uncertain', 'dead') AND discarded_at IS NULL
        UNION ALL SELECT 'batch', id, finished_at FROM batches WHERE status = 'failed' AND discarded_at IS NULL
    ) AS letters
    WHERE CAST(:at AS timestamptz) IS NULL OR finished_at < :at
        OR finished_at = :at AND (kind, row_id) > (:kind, CAST(:row_id AS bigint))
    ORDER BY finished_at DESC, kind, row_id LIMIT :most
""")


@dataclass(frozen=True)
class Kind:
    """One kind of work: its letters by their rows' ids, what may be decided, and what queues it again."""

    fetch: Callable[[Connection, Sequence[int]], dict[int, DeadLetter]]
    decisions: Mapping[str, Callable[..., bool]]
    poke: Callable[..., None]


KINDS: Mapping[str, Kind] = {
    "report": Kind(
        reports.fetch_failed_runs,
        {"retry": reports.retry_dead_letter, "discard": reports.discard_dead_letter},
        poke_due_runs,
    ),
    "delivery": Kind(
        deliveries.fetch_held_deliveries,
        {
            "retry": deliveries.retry_delivery,
            "discard": deliveries.discard_delivery,
            "confirm": deliveries.confirm_delivery,
        },
        poke_due_deliveries,
    ),
    "batch": Kind(
        batches.fetch_failed_batches,
        {"retry": batches.retry_batch, "discard": batches.discard_batch},
        batches.poke_due_batches,
    ),
}


def fetch_dead_letters(connection: Connection, page: Page) -> list[DeadLetter]:
    """One page of them, and one more if there is one: the newest first, then by id."""
    at, letter_id = page.after or (None, "-0")
    kind, row_id = letter_id.split("-")
    values = {"at": at, "kind": kind, "row_id": row_id, "most": page.fetch}
    found = connection.execute(_LETTERS, values).all()
    letters = {
        name: kind.fetch(connection, [row.row_id for row in found if row.kind == name]) for name, kind in KINDS.items()
    }
    return [letters[row.kind][row.row_id] for row in found]
