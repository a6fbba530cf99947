"""Long work in bounded steps, each committed by itself, so that it can stop anywhere and go on."""

from sqlalchemy import Connection, insert, select, update

from metrics_api.db.tables import batches
from metrics_api.ingest.rebuild import fetch_steps, rebuild_step
from viral_engine.contract.batches import Batch, BatchKind


def start_batch(connection: Connection, kind: BatchKind) -> int:
    """Plan the work's steps, or find the unfinished batch of the same kind to go on with; returns its id."""
    unfinished = select(batches.c.id).where(batches.c.kind == kind, batches.c.status != "done")
    known: int | None = connection.execute(unfinished.order_by(batches.c.id).limit(1)).scalar()
    if known is not None:
        return known
    row = {"kind": kind, "status": "queued", "steps": fetch_steps(connection)}
    started: int = connection.execute(insert(batches).values(row).returning(batches.c.id)).scalar_one()
    return started


def fetch_batch(connection: Connection, batch_id: int) -> Batch | None:
    """How far a batch has come, or None when there is no such batch."""
    row = connection.execute(select(batches).where(batches.c.id == batch_id)).one_or_none()
    if row is None:
        return None
    return Batch(id=row.id, kind=row.kind, status=row.status, done_steps=row.done_steps, total_steps=len(row.steps))


def step_batch(connection: Connection, batch_id: int) -> Batch | None:
    """Do the next step, if one is left. Two callers at once do one step each, not the same one twice."""
    row = connection.execute(select(batches).where(batches.c.id == batch_id).with_for_update()).one_or_none()
    if row is not None and row.done_steps < len(row.steps):
        rebuild_step(connection, row.steps[row.done_steps])
        done = row.done_steps + 1
        status = "done" if done == len(row.steps) else "running"
        connection.execute(update(batches).where(batches.c.id == batch_id).values(done_steps=done, status=status))
    return fetch_batch(connection, batch_id)
