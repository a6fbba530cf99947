"""The second of the two steps of ingest: one combiner at a time folds everything that requests have staged.

A request stores its events. If nobody is folding, it folds them in the same transaction. Otherwise it stages them, with
its commit, and waits for its turn; who gets it folds all that is staged by then in one large batch, and those behind
find theirs done. So writers never meet at a fact, many small requests cost as one large one, and every event that was
accepted is counted. What is staged survives a crash: the next combiner folds it, or the reconciler.
"""

from collections.abc import Sequence
from threading import Lock

import structlog
from prometheus_client import Histogram
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from metrics_api.db.database import Database
from metrics_api.ingest.folds import fold, list_folds
from metrics_api.ingest.locks import claim_folding, lock_out_writers, share_facts
from metrics_api.ingest.staging import NEW_EVENT_COLUMNS, NEW_TRAFFIC_COLUMNS, create_staging

# More would take long to fold and to roll back.
_EVENTS_AT_ONCE = 30_000
# Those who wait in this process hold no connection.
_TURN = Lock()
_log = structlog.get_logger()
_COMBINED = Histogram(
    "viral_engine_combined_events",
    "Events that were folded at once for all requests that waited",
    buckets=(1, 10, 100, 1_000, 10_000, 100_000),
)

_STAGE = text(f"""
    WITH batch AS (
        INSERT INTO staged_batches (events) SELECT count(*) FROM new_events RETURNING id
    ), events AS (
        INSERT INTO staged_events (batch_id, {NEW_EVENT_COLUMNS}) SELECT id, {NEW_EVENT_COLUMNS} FROM batch, new_events
    ), traffic AS (
        INSERT INTO staged_traffic (batch_id, {NEW_TRAFFIC_COLUMNS})
        SELECT id, {NEW_TRAFFIC_COLUMNS} FROM batch, new_traffic
    )
    SELECT id FROM batch
""")
_NEWEST = text("SELECT max(id) FROM staged_batches WHERE NOT has_failed")
_IS_STAGED = text("SELECT EXISTS (SELECT FROM staged_batches WHERE id = :id)")
# The oldest ones, at least one.
_CHOOSE = text("""
    SELECT id FROM (
        SELECT id, sum(events) OVER (ORDER BY id) - events AS events_before FROM staged_batches WHERE NOT has_failed
    ) AS staged WHERE events_before < :most ORDER BY id
""")
_FAILED = text("SELECT id FROM staged_batches WHERE has_failed ORDER BY id")
_RECALL = text(f"""
    WITH batch AS (
        DELETE FROM staged_batches WHERE id = ANY(:ids)
    ), event AS (
        DELETE FROM staged_events WHERE batch_id = ANY(:ids) RETURNING {NEW_EVENT_COLUMNS}
    ), traffic AS (
        DELETE FROM staged_traffic WHERE batch_id = ANY(:ids) RETURNING {NEW_TRAFFIC_COLUMNS}
    ), counted AS (
        INSERT INTO new_events ({NEW_EVENT_COLUMNS}) SELECT * FROM event
    ), classified AS (
        INSERT INTO new_traffic ({NEW_TRAFFIC_COLUMNS}) SELECT * FROM traffic
    )
    SELECT count(*) FROM event
""")
_FORGET = text("""
    WITH batch AS (DELETE FROM staged_batches), traffic AS (DELETE FROM staged_traffic) DELETE FROM staged_events
""")
_MARK_FAILED = text("UPDATE staged_batches SET has_failed = true WHERE id = :id")


def stage(connection: Connection) -> int:
    """Keep what is new in this transaction for the combiner; returns the id of the batch."""
    batch_id: int = connection.execute(_STAGE).scalar_one()
    return batch_id


def find_newest(connection: Connection) -> int | None:
    """The newest batch that waits to be folded, and has not failed to be."""
    newest: int | None = connection.execute(_NEWEST).scalar_one()
    return newest


def own_facts(connection: Connection) -> None:
    """Keep every writer out until this transaction ends, with everything folded that they have stored."""
    lock_out_writers(connection)
    while batches := _choose(connection):
        _fold(connection, batches)


def forget_staged(connection: Connection) -> None:
    """Forget batches that cannot be folded: a rebuild from the stored events is going to count theirs."""
    connection.execute(_FORGET)


def fold_batch(database: Database, batch_id: int) -> None:
    """Return once the batch is folded, by this call or by another one.

    Raises DBAPIError if the database refuses; the batch stays staged.
    """
    with _TURN:
        while _has_to_wait(database, batch_id):
            pass


def fold_rest(database: Database) -> None:
    """Fold what is staged for whatever reason: requests that ended too early, and batches that have failed."""
    with database.read() as connection:
        newest = find_newest(connection)
        failed = connection.execute(_FAILED).scalars().all()
    if newest is not None:
        fold_batch(database, newest)
    for batch_id in failed:
        _fold_alone(database, batch_id)


def _has_to_wait(database: Database, batch_id: int) -> bool:
    """Fold the oldest batches; whether this one has to wait for another round."""
    try:
        with database.write() as connection:
            _wait_for_turn(connection)
            if not connection.execute(_IS_STAGED, {"id": batch_id}).scalar_one():
                return False
            batches = _choose(connection)
            _fold(connection, batches)
    except DBAPIError:
        _fold_alone(database, batch_id)
        return False
    return batch_id > batches[-1] if batches else False


def _fold_alone(database: Database, batch_id: int) -> None:
    """Fold one batch by itself: another one, which nobody can fold, must not hold it up."""
    try:
        with database.write() as connection:
            _wait_for_turn(connection)
            _fold(connection, [batch_id])
    except OperationalError:
        raise
    except DBAPIError as error:
        _log.error("batch_not_folded", batch_id=batch_id, error=type(error.orig).__name__)
        with database.write() as connection:
            connection.execute(_MARK_FAILED, {"id": batch_id})
        raise


def _wait_for_turn(connection: Connection) -> None:
    share_facts(connection)
    claim_folding(connection)


def _choose(connection: Connection) -> Sequence[int]:
    return connection.execute(_CHOOSE, {"most": _EVENTS_AT_ONCE}).scalars().all()


def _fold(connection: Connection, batches: Sequence[int]) -> None:
    """Fold these batches; folding must be claimed, or every writer kept out."""
    create_staging(connection)
    events: int = connection.execute(_RECALL, {"ids": list(batches)}).scalar_one()
    fold(connection, list_folds())
    _COMBINED.observe(events)
