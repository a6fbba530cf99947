"""The life of a run: queued -> running -> ready or failed.

A worker holds a run by a lease and a fencing token. Every change is one conditional UPDATE, so that a worker whose
lease ran out cannot change anything any more.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.settings.queues import QueueSettings
from metrics_api.work.backoff import BACKOFF, SILENCE
from viral_contract.models.reports import FinishedReport, ReportFacts, ReportType, RunStatus


@dataclass(frozen=True)
class Claim:
    """A run that a worker holds; `token` proves it until the lease ends."""

    run_id: int
    token: int
    attempt: int
    report_type: ReportType
    period_start: date
    period_end: date


@dataclass(frozen=True)
class FinishedRun:
    """A run whose report is stored."""

    report_id: int
    attempt: int
    duration_ms: float
    k_factor: float
    health_score: float | None


@dataclass(frozen=True)
class EndedAttempt:
    """An attempt that ended without a report; `status` is queued when another follows, else failed."""

    report_id: int
    attempt: int
    status: RunStatus
    error: str


_CLAIM = text("""
    UPDATE report_runs SET status = 'running', token = token + 1, attempt = attempt + 1, lease_until = :lease_until,
        started_at = :now, progress_pct = 5, progress_step = 'claimed', last_error = NULL
    WHERE id = :run_id AND status = 'queued' AND next_attempt_at <= :now
    RETURNING id, token, attempt, report_type, period_start, period_end
""")
_HELD = text("""
    SELECT id, token, attempt, report_type, period_start, period_end FROM report_runs
    WHERE id = :run_id AND token = :token AND status = 'running'
""")
_HOLDS = "WHERE id = :run_id AND token = :token AND status = 'running'"
_RENEW = text(f"UPDATE report_runs SET lease_until = :lease_until {_HOLDS}")
_PROGRESS = text(f"UPDATE report_runs SET progress_pct = :pct, progress_step = :step {_HOLDS}")
_SAVE_FACTS = text(f"UPDATE report_runs SET content = jsonb_build_object('facts', CAST(:facts AS jsonb)) {_HOLDS}")
_FINISH = text(f"""
    UPDATE report_runs SET status = 'ready', lease_until = NULL, finished_at = :now, progress_pct = 100,
        progress_step = 'ready', html = :html, pdf = NULL,
        content = content || CAST(:written AS jsonb) {_HOLDS} AND content IS NOT NULL
    RETURNING id, attempt, extract(epoch FROM finished_at - started_at)::float * 1000 AS duration_ms,
        (content #>> '{{facts,current,k_factor}}')::float AS k_factor,
        (content #>> '{{facts,health_score}}')::float AS health_score
""")
_END_ATTEMPT = f"""
    UPDATE report_runs SET lease_until = NULL, last_error = :error,
        status = CASE WHEN attempt >= max_attempts THEN 'failed' ELSE 'queued' END,
        finished_at = CASE WHEN attempt >= max_attempts THEN CAST(:now AS timestamptz) END,
        progress_step = CASE WHEN attempt >= max_attempts THEN 'failed' ELSE 'waiting to retry' END,
        next_attempt_at = :now + {BACKOFF}, enqueued_at = NULL
"""
_ENDED = "RETURNING id, attempt, status, last_error"
_FAIL = text(f"{_END_ATTEMPT} {_HOLDS} {_ENDED}")
_EXPIRE = text(f"{_END_ATTEMPT} WHERE status = 'running' AND lease_until < :now {_ENDED}")
_POKE = text("""
    UPDATE report_runs SET enqueued_at = :now, enqueue_count = enqueue_count + 1
    WHERE id IN (
        SELECT id FROM report_runs
        WHERE status = 'queued' AND next_attempt_at <= :now AND (enqueued_at IS NULL OR enqueued_at < :stale)
        ORDER BY enqueued_at NULLS FIRST, next_attempt_at, id LIMIT :most FOR UPDATE SKIP LOCKED
    ) RETURNING id, enqueue_count
""")


def claim_run(connection: Connection, run_id: int, settings: QueueSettings, *, now: datetime) -> Claim | None:
    """Take the run, or None when it is not waiting: somebody else has it, or it is finished."""
    lease_until = now + timedelta(seconds=settings.report_lease_seconds)
    row = connection.execute(_CLAIM, {"run_id": run_id, "lease_until": lease_until, "now": now}).one_or_none()
    return _to_claim(row) if row else None


def fetch_held(connection: Connection, run_id: int, token: int) -> Claim | None:
    """The run that the token holds, or None when it holds none any more."""
    row = connection.execute(_HELD, {"run_id": run_id, "token": token}).one_or_none()
    return _to_claim(row) if row else None


def renew_lease(connection: Connection, run_id: int, token: int, settings: QueueSettings, *, now: datetime) -> bool:
    """Hold the run for longer; False when it is no longer held."""
    lease_until = now + timedelta(seconds=settings.report_lease_seconds)
    return _changed(connection, _RENEW, run_id=run_id, token=token, lease_until=lease_until)


def save_progress(connection: Connection, run_id: int, token: int, pct: int, step: str) -> bool:
    """Show how far the work has come; False when the run is no longer held."""
    return _changed(connection, _PROGRESS, run_id=run_id, token=token, pct=pct, step=step)


def save_facts(connection: Connection, run_id: int, token: int, facts: ReportFacts) -> bool:
    """Keep the snapshot that the report is written from; False when the run is no longer held."""
    return _changed(connection, _SAVE_FACTS, run_id=run_id, token=token, facts=facts.model_dump_json())


def finish_run(
    connection: Connection, run_id: int, token: int, report: FinishedReport, *, now: datetime
) -> FinishedRun | None:
    """Store the finished report; None when the run is no longer held or has no facts yet."""
    written = report.model_dump_json(exclude={"html"})
    values = {"run_id": run_id, "token": token, "written": written, "html": report.html, "now": now}
    row = connection.execute(_FINISH, values).one_or_none()
    return FinishedRun(*row) if row else None


def fail_attempt(
    connection: Connection, run_id: int, token: int, error: str, settings: QueueSettings, *, now: datetime
) -> EndedAttempt | None:
    """End the attempt: to be tried again, or failed for good; None when the run is no longer held."""
    values = {"run_id": run_id, "token": token, "error": error, "now": now, "base": settings.backoff_base_seconds}
    row = connection.execute(_FAIL, values).one_or_none()
    return EndedAttempt(*row) if row else None


def expire_leases(connection: Connection, settings: QueueSettings, *, now: datetime) -> list[EndedAttempt]:
    """Take runs back from workers that no longer renew their lease."""
    values = {"error": SILENCE, "now": now, "base": settings.backoff_base_seconds}
    return [EndedAttempt(*row) for row in connection.execute(_EXPIRE, values)]


def mark_due_runs(connection: Connection, settings: QueueSettings, *, now: datetime) -> dict[int, int]:
    """Runs to put on the queue now, each with how often it has been put there."""
    stale = now - timedelta(seconds=settings.repoke_seconds)
    rows = connection.execute(_POKE, {"now": now, "stale": stale, "most": settings.repoke_batch})
    return {row.id: row.enqueue_count for row in rows}


def _to_claim(row: Row[Any]) -> Claim:
    return Claim(row.id, row.token, row.attempt, row.report_type, row.period_start, row.period_end)


def _changed(connection: Connection, statement: Any, **values: object) -> bool:
    return connection.execute(statement, values).rowcount == 1
