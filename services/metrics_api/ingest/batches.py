"""Long work in bounded steps, each committed by itself, so that it can stop anywhere and go on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from metrics_api.db.tables import batches
from metrics_api.ingest.rebuild import plan_rebuild, rebuild_step
from metrics_api.ingest.rescan import plan_rescan, rescan_step
from viral_engine.contract.batches import Batch, BatchKind


@dataclass(frozen=True)
class Circumstances:
    """What a step may depend on beside the stored data."""

    phone_region: str
    now: datetime


@dataclass(frozen=True)
class Work:
    """One kind of long work: what its steps are, and how one is done; a step is any JSON."""

    plan: Callable[[Connection], list[Any]]
    step: Callable[[Connection, Any, Circumstances], None]


def _rescan(connection: Connection, step: list[str], given: Circumstances) -> None:
    rescan_step(connection, step, phone_region=given.phone_region, now=given.now)


WORKS: Mapping[BatchKind, Work] = {
    "rebuild_facts": Work(plan_rebuild, lambda connection, step, _given: rebuild_step(connection, step)),
    "rescan_content": Work(plan_rescan, _rescan),
    # Whoever erases a subject knows the days.
    "rebuild_days": Work(lambda _connection: [], lambda connection, step, _given: rebuild_step(connection, step)),
}

_IS_UNFINISHED = batches.c.status.in_(("queued", "running"))


def start_batch(connection: Connection, kind: BatchKind) -> int:
    """Plan the work's steps, or find the unfinished batch of the same kind to go on with; returns its id."""
    unfinished = select(batches.c.id).where(batches.c.kind == kind, batches.c.status != "done")
    known: int | None = connection.execute(unfinished.order_by(batches.c.id).limit(1)).scalar()
    if known is not None:
        return known
    steps = WORKS[kind].plan(connection)
    row = {"kind": kind, "status": "queued" if steps else "done", "steps": steps}
    started: int = connection.execute(insert(batches).values(row).returning(batches.c.id)).scalar_one()
    return started


def start_due_rescan(connection: Connection) -> int | None:
    """Start to scan content again if an older scanner has scanned some of it; returns the batch, or None."""
    return start_batch(connection, "rescan_content") if plan_rescan(connection) else None


def fetch_unfinished(connection: Connection) -> int | None:
    """The oldest batch that has steps left, or None."""
    statement = select(batches.c.id).where(_IS_UNFINISHED)
    unfinished: int | None = connection.execute(statement.order_by(batches.c.id).limit(1)).scalar()
    return unfinished


def fetch_all_unfinished(connection: Connection) -> list[Batch]:
    """How far every batch has come that has steps left, the oldest first."""
    return [_format(row) for row in connection.execute(select(batches).where(_IS_UNFINISHED).order_by(batches.c.id))]


def fetch_batch(connection: Connection, batch_id: int) -> Batch | None:
    """How far a batch has come, or None when there is no such batch."""
    row = connection.execute(select(batches).where(batches.c.id == batch_id)).one_or_none()
    return None if row is None else _format(row)


def step_batch(connection: Connection, batch_id: int, given: Circumstances) -> Batch | None:
    """Do the next step, if one is left. Two callers at once do one step each, not the same one twice."""
    row = connection.execute(select(batches).where(batches.c.id == batch_id).with_for_update()).one_or_none()
    if row is not None and row.done_steps < len(row.steps):
        WORKS[row.kind].step(connection, row.steps[row.done_steps], given)
        done = row.done_steps + 1
        status = "done" if done == len(row.steps) else "running"
        connection.execute(update(batches).where(batches.c.id == batch_id).values(done_steps=done, status=status))
    return fetch_batch(connection, batch_id)


def _format(row: Row[Any]) -> Batch:
    return Batch(id=row.id, kind=row.kind, status=row.status, done_steps=row.done_steps, total_steps=len(row.steps))
