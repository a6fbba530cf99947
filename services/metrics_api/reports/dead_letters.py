"""Runs that failed for good: shown, and let go or tried again by a person."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from metrics_api.access.audit import save_audit_entry
from metrics_api.deliveries.counts import fetch_delivery_counts
from metrics_api.deliveries.poking import QUEUES
from viral_engine.contract.queues import DeadLetter, QueueState
from viral_engine.queues import QueueName

_PREFIX = "report-"

_RUNS = text("""
    SELECT count(*) FILTER (WHERE status = 'queued') AS depth,
        count(*) FILTER (WHERE status = 'running') AS running,
        count(*) FILTER (WHERE status = 'failed' AND discarded_at IS NULL) AS failed, 0 AS uncertain,
        extract(epoch FROM :now - min(next_attempt_at) FILTER (WHERE status = 'queued' AND next_attempt_at <= :now))
            ::float AS oldest_waiting_seconds
    FROM report_runs WHERE status IN ('queued', 'running', 'failed')
""")
_BATCHES = text("""
    SELECT count(*) FILTER (WHERE status = 'queued') AS depth, count(*) FILTER (WHERE status = 'running') AS running,
        0 AS failed, 0 AS uncertain
    FROM batches WHERE status IN ('queued', 'running')
""")
_DEAD = text("""
    SELECT id, report_type, period_start, period_end, last_error, attempt, finished_at FROM report_runs
    WHERE status = 'failed' AND discarded_at IS NULL ORDER BY finished_at DESC, id LIMIT 100
""")
_IS_DEAD = "WHERE id = :run_id AND status = 'failed' AND discarded_at IS NULL"
_RETRY = text(f"""
    UPDATE report_runs SET status = 'queued', attempt = 0, next_attempt_at = :now, enqueued_at = NULL,
        finished_at = NULL, progress_pct = 0, progress_step = 'queued' {_IS_DEAD}
""")
_DISCARD = text(f"UPDATE report_runs SET discarded_at = :now {_IS_DEAD}")


def fetch_queues(connection: Connection, waiting_jobs: Mapping[QueueName, int], *, now: datetime) -> list[QueueState]:
    """Every queue; where rows are the truth they are counted, elsewhere `waiting_jobs` says what Redis holds."""
    runs, batches = connection.execute(_RUNS, {"now": now}).one(), connection.execute(_BATCHES).one()
    deliveries = fetch_delivery_counts(connection, now=now)
    counted: dict[QueueName, dict[str, Any]] = {
        QueueName.PERFORMANCE_REPORTS: dict(runs._mapping),
        QueueName.BATCH: dict(batches._mapping),
        **{QUEUES[kind][0]: asdict(counts) for kind, counts in deliveries.items()},
    }
    only_jobs = {"running": 0, "failed": 0, "uncertain": 0}
    return [
        QueueState(name=name, **counted.get(name) or {"depth": waiting_jobs.get(name, 0), **only_jobs})
        for name in QueueName
    ]


def fetch_dead_letters(connection: Connection) -> list[DeadLetter]:
    """The newest runs that failed for good."""
    return [
        DeadLetter(
            id=f"{_PREFIX}{row.id}",
            queue=QueueName.PERFORMANCE_REPORTS,
            what=f"{row.report_type} report {row.period_start} to {row.period_end}",
            reason=row.last_error or "unknown",
            attempts=row.attempt,
            failed_at=row.finished_at,
        )
        for row in connection.execute(_DEAD)
    ]


def retry_dead_letter(connection: Connection, run_id: int, *, actor: str, now: datetime) -> bool:
    """Let a failed run be tried again from the start; False when it is no dead letter."""
    if connection.execute(_RETRY, {"run_id": run_id, "now": now}).rowcount == 0:
        return False
    save_audit_entry(connection, actor=actor, action="retry_dead_letter", subject=f"report:{run_id}", now=now)
    return True


def discard_dead_letter(connection: Connection, run_id: int, *, actor: str, now: datetime) -> bool:
    """Let a failed run go; False when it is no dead letter."""
    if connection.execute(_DISCARD, {"run_id": run_id, "now": now}).rowcount == 0:
        return False
    save_audit_entry(connection, actor=actor, action="discard_dead_letter", subject=f"report:{run_id}", now=now)
    return True
