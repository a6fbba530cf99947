"""Runs that failed for good: shown, and let go or tried again by a person."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, text

from metrics_api.access.audit import save_audit_entry
from viral_engine.contract.queues import DeadLetter, QueueState
from viral_engine.queues import QueueName

PREFIX = "report-"

_RUNS = text("""
    SELECT count(*) FILTER (WHERE status = 'queued') AS depth,
        count(*) FILTER (WHERE status = 'running') AS running,
        count(*) FILTER (WHERE status = 'failed' AND discarded_at IS NULL) AS failed
    FROM report_runs WHERE status IN ('queued', 'running', 'failed')
""")
_BATCHES = text("""
    SELECT count(*) FILTER (WHERE status = 'queued') AS depth, count(*) FILTER (WHERE status = 'running') AS running
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


def fetch_queues(connection: Connection, waiting_jobs: Mapping[QueueName, int]) -> list[QueueState]:
    """Every queue; where rows are the truth they are counted, elsewhere `waiting_jobs` says what Redis holds."""
    runs, batches = connection.execute(_RUNS).one(), connection.execute(_BATCHES).one()
    counted = {
        QueueName.PERFORMANCE_REPORTS: {"depth": runs.depth, "running": runs.running, "failed": runs.failed},
        QueueName.BATCH: {"depth": batches.depth, "running": batches.running, "failed": 0},
    }
    only_jobs = {name: {"depth": waiting_jobs.get(name, 0), "running": 0, "failed": 0} for name in QueueName}
    return [QueueState(name=name, uncertain=0, **counts) for name, counts in (only_jobs | counted).items()]


def fetch_dead_letters(connection: Connection) -> list[DeadLetter]:
    """The newest runs that failed for good."""
    return [
        DeadLetter(
            id=f"{PREFIX}{row.id}",
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
