"""Runs that failed for good: shown, and let go or tried again by a person."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from metrics_api.access.decisions import save_decision
from viral_contract.models.queues import DeadLetter
from viral_runtime.work.queues import QueueName

_PREFIX = "report-"

_DEAD = text("""
    SELECT id, report_type, period_start, period_end, last_error, attempt, finished_at FROM report_runs
    WHERE id = ANY(:ids)
""")
_IS_DEAD = "WHERE id = :row_id AND status = 'failed' AND discarded_at IS NULL"
_RETRY = text(f"""
    UPDATE report_runs SET status = 'queued', attempt = 0, next_attempt_at = :now, enqueued_at = NULL,
        finished_at = NULL, progress_pct = 0, progress_step = 'queued' {_IS_DEAD}
""")
_DISCARD = text(f"UPDATE report_runs SET discarded_at = :now {_IS_DEAD}")


def fetch_failed_runs(connection: Connection, run_ids: Sequence[int]) -> dict[int, DeadLetter]:
    """Runs that failed for good, by their ids."""
    return {
        row.id: DeadLetter(
            id=f"{_PREFIX}{row.id}",
            queue=QueueName.PERFORMANCE_REPORTS,
            what=f"{row.report_type} report {row.period_start} to {row.period_end}",
            reason=row.last_error or "unknown",
            attempts=row.attempt,
            failed_at=row.finished_at,
        )
        for row in connection.execute(_DEAD, {"ids": list(run_ids)})
    }


def retry_dead_letter(connection: Connection, run_id: int, *, actor: str, now: datetime) -> bool:
    """Let a failed run be tried again from the start; False when it is no dead letter."""
    return save_decision(connection, _RETRY, "retry_dead_letter", ("report", run_id), actor=actor, now=now)


def discard_dead_letter(connection: Connection, run_id: int, *, actor: str, now: datetime) -> bool:
    """Let a failed run go; False when it is no dead letter."""
    return save_decision(connection, _DISCARD, "discard_dead_letter", ("report", run_id), actor=actor, now=now)
