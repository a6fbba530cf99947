"""Locks that let facts be rebuilt while events keep coming, one fold at a time, and one writer change an item."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from metrics_api.db.advisory_locks import AdvisoryLock, await_lock

TRY_TO_CLAIM_FOLDING = f"pg_try_advisory_xact_lock({AdvisoryLock.FOLDING})"
"""In SQL: `claim_folding`, but only if nobody else folds or waits for it; whether it was."""


def share_facts(connection: Connection) -> None:
    """Keep a rebuild out until this transaction ends; writers do not keep each other out."""
    connection.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": AdvisoryLock.FACTS})


def lock_out_writers(connection: Connection) -> None:
    """Keep every writer out until this transaction ends, and let it take its time for what only it can do.

    What they have stored may not be folded yet; see `combiner.own_facts`.
    """
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    await_lock(connection, AdvisoryLock.FACTS)


def claim_folding(connection: Connection) -> None:
    """Wait until nobody else folds events, and keep others from it until this transaction ends."""
    await_lock(connection, AdvisoryLock.FOLDING)


# Locks on buckets of ids: a lock for each id of a large batch would not fit into the server's memory for locks.
_LOCK_ITEMS = text("""
    SELECT pg_advisory_xact_lock(hashtext('items of ' || :kind), bucket) FROM (
        SELECT DISTINCT hashtext(id) & 255 AS bucket FROM unnest(CAST(:ids AS text[])) AS id ORDER BY 1
    ) AS buckets
""")


def lock_items(connection: Connection, kind: str, ids: Sequence[str]) -> None:
    """Keep every other writer of these items out until this transaction ends, also of items that do not exist yet."""
    connection.execute(_LOCK_ITEMS, {"kind": kind, "ids": list(ids)})
