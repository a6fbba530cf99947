"""Batches: background jobs in bounded steps, each committed by itself, so that they can stop and resume anywhere.

A batch needs no lease: the row is locked while a step runs, until the step is committed. Instead of attempts, it counts
the failures in a row of the next step.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from psycopg.errors import QueryCanceled
from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.exc import OperationalError

from metrics_api.access.pseudonyms import Pseudonyms
from metrics_api.batches.ledger import BATCHES, IS_STUCK, IS_UNFINISHED, fetch_batch
from metrics_api.db.fact_rules import FactRules
from metrics_api.db.tables import batches
from metrics_api.ingest.classify_again import (
    OtherRulesError,
    are_in_use,
    classify_step,
    has_open_events,
    has_traffic,
    has_unclassified_events,
    plan_classification,
    put_in_use,
)
from metrics_api.ingest.rebuild import plan_rebuild, rebuild_step
from metrics_api.ingest.rescan import finish_step, plan_finish, plan_rescan, rescan_step
from metrics_api.ingest.stored_links import replace_in_stored_links
from metrics_api.work.backoff import BACKOFF
from viral_contract.models.batches import Batch, BatchKind

MAX_ATTEMPTS = 5
# The first step, which finds the others: over all clicks and visits, or over those that other processes stored.
_FIND_ALL, _FIND_OPEN = "find_all", "find_open"
# After them: links that an older release stored get the ids that their events have now.
_LINKS = "links"
# The last step over events that are classified again: the facts follow.
_REBUILD = "rebuild"
# A release that knows no classes is replaced by then; its pods could not do a step.
_REPLACED_WITHIN = timedelta(minutes=10)
_CLASSIFIED_EVERY = timedelta(hours=1)
_log = structlog.get_logger()


@dataclass(frozen=True)
class StepContext:
    """What a step may depend on besides stored data."""

    phone_region: str
    scan_seconds: float
    now: datetime
    backoff_base_seconds: float
    rules: FactRules
    pseudonyms: Pseudonyms


@dataclass(frozen=True)
class Work:
    """One kind of job: how its steps are planned, and how one is done; a step is any JSON."""

    plan: Callable[[Connection], list[Any]]
    step: Callable[[Connection, Any, StepContext], None]


_UNDER_WAY = update(batches).where(IS_UNFINISHED)
# A migration has changed what they are made of.
_IDS_IN_ANOTHER_FORM = text("""
    SELECT EXISTS (SELECT FROM user_journeys
            WHERE person IS NOT NFC NORMALIZED OR referrer_id IS NOT NFC NORMALIZED OR source IS NOT NFC NORMALIZED)
        OR EXISTS (SELECT FROM link_counts WHERE link_id IS NOT NFC NORMALIZED)
        OR EXISTS (SELECT FROM activity_per_referrer_day WHERE referrer_id IS NOT NFC NORMALIZED)
""")


def _scan(scan_step: Callable[..., None], connection: Connection, step: list[str], context: StepContext) -> None:
    scan_step(connection, step, phone_region=context.phone_region, seconds=context.scan_seconds, now=context.now)


def _rebuild(connection: Connection, step: str, context: StepContext) -> None:
    rebuild_step(connection, step, context.rules)


def _classify(connection: Connection, step: Any, context: StepContext) -> None:
    if step == _LINKS:
        replace_in_stored_links(connection, context.pseudonyms, now=context.now)
    elif step == _REBUILD:
        _start_over(connection, "rebuild_facts", plan_rebuild)
    elif step in (_FIND_ALL, _FIND_OPEN):
        found = plan_classification(connection, context.rules, only_open=step == _FIND_OPEN)
        connection.execute(
            _UNDER_WAY.where(batches.c.kind == "classify_events").values(steps=[step, *found, _LINKS, _REBUILD])
        )
    else:
        classify_step(connection, step, context.rules)


WORKS: Mapping[BatchKind, Work] = {
    "rebuild_facts": Work(plan_rebuild, _rebuild),
    "rescan_content": Work(plan_rescan, partial(_scan, rescan_step)),
    "finish_scans": Work(plan_finish, partial(_scan, finish_step)),
    # An erasure plans the days itself, the reconciler the rules.
    "classify_events": Work(lambda _connection: [], _classify),
    "rebuild_days": Work(lambda _connection: [], _rebuild),
}

# While a worker does a step, others find nothing to do instead of waiting.
_NEXT = text(f"""
    SELECT id, kind, steps -> done_steps AS step, done_steps + 1 = jsonb_array_length(steps) AS is_last FROM batches
    WHERE id = :batch_id AND {BATCHES.is_due} FOR UPDATE SKIP LOCKED
""")
# A batch that continues is not enqueued again.
_DONE = text("""
    UPDATE batches SET done_steps = done_steps + 1, attempt = 0, next_attempt_at = NULL, last_error = NULL,
        enqueued_at = :now, status = CASE WHEN :is_last THEN 'done' ELSE 'running' END,
        finished_at = CASE WHEN :is_last THEN CAST(:now AS timestamptz) END
    WHERE id = :batch_id
""")
# To another worker, which may reach a process that can do it.
_LEFT = text("""
    UPDATE batches SET next_attempt_at = :now + interval '15 seconds', enqueued_at = NULL WHERE id = :batch_id
""")
_FAILED = text(f"""
    UPDATE batches SET attempt = attempt + 1, last_error = :error, enqueued_at = NULL,
        next_attempt_at = :now + {BACKOFF},
        status = CASE WHEN attempt + 1 >= :most THEN 'failed' ELSE status END,
        finished_at = CASE WHEN attempt + 1 >= :most THEN CAST(:now AS timestamptz) END
    WHERE id = :batch_id
""")


def step_batch(connection: Connection, batch_id: int, context: StepContext) -> Batch | None:
    """Do the next step if one is left; None if another worker does it, it waits after a failure, or it does not exist.

    A failed step is rolled back and recorded; after MAX_ATTEMPTS failures in a row the batch has failed. Raises
    OperationalError if the database is the cause, which does not count as a failure of the step.
    """
    row = connection.execute(_NEXT, {"batch_id": batch_id, "now": context.now}).one_or_none()
    if row is None:
        batch = fetch_batch(connection, batch_id)
        return batch if batch and batch.status not in BATCHES.waiting else None
    try:
        with connection.begin_nested():
            WORKS[row.kind].step(connection, row.step, context)
    except OtherRulesError:
        connection.execute(_LEFT, {"batch_id": batch_id, "now": context.now})
        return None
    except Exception as error:
        if isinstance(error, OperationalError) and not isinstance(error.orig, QueryCanceled):
            raise
        _log.exception("batch_step_failed", batch_id=batch_id, kind=row.kind)
        _save_failure(connection, batch_id, error, context)
    else:
        connection.execute(_DONE, {"batch_id": batch_id, "is_last": row.is_last, "now": context.now})
    return fetch_batch(connection, batch_id)


def _save_failure(connection: Connection, batch_id: int, error: Exception, context: StepContext) -> None:
    # Later lines may quote stored data.
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    values = {"batch_id": batch_id, "error": reason, "now": context.now, "most": MAX_ATTEMPTS}
    connection.execute(_FAILED, {**values, "base": context.backoff_base_seconds})


def start_batch(connection: Connection, kind: BatchKind) -> int:
    """Plan the job's steps, or find the unfinished batch of the same kind; returns its id."""
    unfinished = select(batches.c.id).where(batches.c.kind == kind, IS_UNFINISHED)
    known: int | None = connection.execute(unfinished.order_by(batches.c.id).limit(1)).scalar()
    if known is not None:
        return known
    steps = WORKS[kind].plan(connection)
    row = {"kind": kind, "status": "queued" if steps else "done", "steps": steps}
    started: int = connection.execute(insert(batches).values(row).returning(batches.c.id)).scalar_one()
    return started


def start_due_rescan(connection: Connection) -> int | None:
    """Start to rescan content if an older scanner has scanned some of it; returns the batch, or None."""
    return start_batch(connection, "rescan_content") if plan_rescan(connection) else None


def start_due_rebuild(connection: Connection) -> int | None:
    """Start to rebuild the facts if some hold an id in another form than NFC; returns the batch, or None."""
    is_due: bool = connection.execute(_IDS_IN_ANOTHER_FORM).scalar_one()
    return start_batch(connection, "rebuild_facts") if is_due else None


def start_due_scans(connection: Connection) -> None:
    """Start to finish the scans that took too long, unless a batch is doing so or has failed and awaits a decision."""
    stuck = select(batches.c.id).where(batches.c.kind == "finish_scans", IS_STUCK).limit(1)
    if connection.execute(stuck).first() is None and plan_finish(connection):
        start_batch(connection, "finish_scans")


def start_due_classification(connection: Connection, rules: FactRules, *, now: datetime) -> None:
    """Start to classify stored events again: by new rules at once, and what other processes stored by others later.

    Where nothing is stored, new rules are recorded and that is all.
    """
    is_new = not are_in_use(connection, rules)
    if not is_new and not _has_leftovers(connection, now):
        return
    of_older_release = has_unclassified_events(connection)
    _start_over(
        connection,
        "classify_events",
        partial(_plan_classification, rules=rules, is_new=is_new, now=now),
        at=now + _REPLACED_WITHIN if of_older_release else None,
    )


def _has_leftovers(connection: Connection, now: datetime) -> bool:
    """Whether a process stored events by other rules, and nothing is under way or was just done about it."""
    recent = batches.c.finished_at > now - _CLASSIFIED_EVERY
    known = select(batches.c.id).where(batches.c.kind == "classify_events", IS_STUCK | recent).limit(1)
    return has_open_events(connection) and connection.execute(known).first() is None


def _plan_classification(connection: Connection, *, rules: FactRules, is_new: bool, now: datetime) -> list[Any]:
    if is_new:
        put_in_use(connection, rules, now=now)
    return [_FIND_ALL if is_new else _FIND_OPEN, _LINKS, _REBUILD] if has_traffic(connection) else []


def _start_over(
    connection: Connection, kind: BatchKind, plan: Callable[[Connection], list[Any]], *, at: datetime | None = None
) -> None:
    """Start the work from its beginning, also where a batch of its kind is under way.

    Such a batch is locked before anything else, as it is for a step. Without steps, none is begun.
    """
    unfinished = select(batches.c.id).where(batches.c.kind == kind, IS_UNFINISHED).with_for_update()
    known = connection.execute(unfinished.order_by(batches.c.id).limit(1)).scalar()
    steps = plan(connection)
    row = {"kind": kind, "status": "queued" if steps else "done", "steps": steps, "next_attempt_at": at}
    if known is None:
        if steps:
            connection.execute(insert(batches).values(row))
    else:
        begun = {"done_steps": 0, "attempt": 0, "last_error": None, "enqueued_at": None}
        connection.execute(update(batches).where(batches.c.id == known).values({**row, **begun}))
