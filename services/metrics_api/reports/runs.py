"""The life of a run: queued -> running -> ready or failed.

What it shares with other background work is in `work`: how it is enqueued, claimed, held, retried and counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.settings.queues import QueueSettings
from metrics_api.work.backoff import BACKOFF
from metrics_api.work.dead_letters import Ledger, discard, format_letter, retry
from metrics_api.work.kinds import Kind
from metrics_api.work.leases import EXPIRED, HELD, SILENCE, claim, end_attempt
from viral_contract.models.queues import DeadLetter
from viral_contract.models.reports import FinishedReport, ReportFacts, ReportType, RunStatus
from viral_runtime.observe.telemetry import record_event
from viral_runtime.work.queues import QueueName


@dataclass(frozen=True)
class Claim:
    """A run that a worker holds; `token` proves it until the lease ends."""

    run_id: int
    token: int
    attempt: int
    report_type: ReportType
    period_start: date
    period_end: date
    restates: int | None


@dataclass(frozen=True)
class FinishedRun:
    """A run whose report is stored."""

    report_id: int
    attempt: int
    duration_ms: float
    k_factor: float
    health_score: float | None
    restates: int | None


@dataclass(frozen=True)
class EndedAttempt:
    """An attempt that ended without a report; `status` is queued if another follows, else failed."""

    report_id: int
    attempt: int
    status: RunStatus
    error: str


RUNS = Kind(
    "report",
    "report_runs",
    {QueueName.PERFORMANCE_REPORTS: "true"},
    waiting=("queued",),
    running=("running",),
    failed="failed",
)
_CLAIMED = "id, token, attempt, report_type, period_start, period_end, restates"
_CLAIM = claim(RUNS, "started_at = :now, progress_pct = 5, progress_step = 'claimed'", returning=_CLAIMED)
_HOLDS = f"{HELD} = 'running'"
_HELD = text(f"SELECT {_CLAIMED} FROM report_runs {_HOLDS}")
_RENEW = text(f"UPDATE report_runs SET lease_until = :lease_until {_HOLDS}")
_PROGRESS = text(f"UPDATE report_runs SET progress_pct = :pct, progress_step = :step {_HOLDS}")
_SAVE_FACTS = text(f"UPDATE report_runs SET content = jsonb_build_object('facts', CAST(:facts AS jsonb)) {_HOLDS}")
# The files of a report that is replaced now are rendered again, to say so.
_FINISH = text(f"""
    WITH finished AS (
        UPDATE report_runs SET status = 'ready', lease_until = NULL, finished_at = :now, progress_pct = 100,
            progress_step = 'ready', html = :html, pdf = NULL,
            checked_at = CAST(content #>> '{{facts,snapshot_at}}' AS timestamptz),
            content = content || CAST(:written AS jsonb) {_HOLDS} AND content IS NOT NULL
        RETURNING *
    ), replaced AS (
        UPDATE report_runs SET html = NULL, pdf = NULL FROM finished WHERE report_runs.id = finished.restates
    )
    SELECT id, attempt, extract(epoch FROM finished_at - started_at)::float * 1000 AS duration_ms,
        (content #>> '{{facts,current,k_factor}}')::float AS k_factor,
        (content #>> '{{facts,health_score}}')::float AS health_score, restates
    FROM finished
""")
_END_ATTEMPT = f"""
    UPDATE report_runs SET {end_attempt(RUNS, wait=BACKOFF)},
        progress_step = CASE WHEN attempt >= max_attempts THEN 'failed' ELSE 'waiting to retry' END
"""
_ENDED = "RETURNING id, attempt, status, last_error"
_FAIL = text(f"{_END_ATTEMPT} {_HOLDS} {_ENDED}")
_EXPIRE = text(f"{_END_ATTEMPT} WHERE status = 'running' AND {EXPIRED} {_ENDED}")
_DEAD = text("""
    SELECT id, status, report_type, period_start, period_end, last_error, attempt, finished_at FROM report_runs
    WHERE id = ANY(:ids)
""")


def claim_run(connection: Connection, run_id: int, settings: QueueSettings, *, now: datetime) -> Claim | None:
    """Claim the run, or None if it is not due: another worker has it, or it is finished."""
    lease_until = now + timedelta(seconds=settings.report_lease_seconds)
    row = connection.execute(_CLAIM, {"row_id": run_id, "lease_until": lease_until, "now": now}).one_or_none()
    return _to_claim(row) if row else None


def fetch_held(connection: Connection, run_id: int, token: int) -> Claim | None:
    """The run that the token holds, or None if it no longer holds one."""
    row = connection.execute(_HELD, {"row_id": run_id, "token": token}).one_or_none()
    return _to_claim(row) if row else None


def renew_lease(connection: Connection, run_id: int, token: int, settings: QueueSettings, *, now: datetime) -> bool:
    """Renew the lease; False if the run is no longer held."""
    lease_until = now + timedelta(seconds=settings.report_lease_seconds)
    return _changed(connection, _RENEW, row_id=run_id, token=token, lease_until=lease_until)


def save_progress(connection: Connection, run_id: int, token: int, pct: int, step: str) -> bool:
    """Store the progress; False if the run is no longer held."""
    return _changed(connection, _PROGRESS, row_id=run_id, token=token, pct=pct, step=step)


def save_facts(connection: Connection, run_id: int, token: int, facts: ReportFacts) -> bool:
    """Store the report's snapshot; False if the run is no longer held."""
    return _changed(connection, _SAVE_FACTS, row_id=run_id, token=token, facts=facts.model_dump_json())


def finish_run(
    connection: Connection, run_id: int, token: int, report: FinishedReport, *, now: datetime
) -> FinishedRun | None:
    """Store the finished report; None if the run is no longer held or has no snapshot."""
    written = report.model_dump_json(exclude={"html"})
    values = {"row_id": run_id, "token": token, "written": written, "html": report.html, "now": now}
    row = connection.execute(_FINISH, values).one_or_none()
    return FinishedRun(*row) if row else None


def fail_attempt(
    connection: Connection, run_id: int, token: int, error: str, settings: QueueSettings, *, now: datetime
) -> EndedAttempt | None:
    """End the attempt, to be retried or as the last one; None if the run is no longer held."""
    values = {"row_id": run_id, "token": token, "error": error, "now": now, "base": settings.backoff_base_seconds}
    row = connection.execute(_FAIL, values).one_or_none()
    return EndedAttempt(*row) if row else None


def expire_leases(connection: Connection, settings: QueueSettings, *, now: datetime) -> list[EndedAttempt]:
    """End the attempts of workers that no longer renew their lease."""
    values = {"error": SILENCE, "now": now, "base": settings.backoff_base_seconds}
    return [EndedAttempt(*row) for row in connection.execute(_EXPIRE, values)]


def describe_failed_runs(connection: Connection, run_ids: Sequence[int]) -> dict[int, DeadLetter]:
    """Failed runs as dead letters, by their ids."""
    (queue,) = RUNS.queues
    return {
        row.id: format_letter(RUNS, queue, row, what=f"{row.report_type} report {row.period_start} to {row.period_end}")
        for row in connection.execute(_DEAD, {"ids": list(run_ids)})
    }


def _to_claim(row: Row[Any]) -> Claim:
    return Claim(row.id, row.token, row.attempt, row.report_type, row.period_start, row.period_end, row.restates)


def _changed(connection: Connection, statement: Any, **values: object) -> bool:
    return connection.execute(statement, values).rowcount == 1


RUN_LEDGER = Ledger(
    RUNS,
    describe_failed_runs,
    {
        "retry": retry(RUNS, also=", progress_pct = 0, progress_step = 'queued'").take,
        "discard": discard(RUNS).take,
    },
)


def record_started(claim: Claim) -> None:
    """Record in telemetry that a worker has started an attempt."""
    record_event(
        "viral_engine.reports.generation_started",
        report_id=claim.run_id,
        report_type=claim.report_type,
        attempt=claim.attempt,
    )


def record_completed(run: FinishedRun) -> None:
    """Record in telemetry that a report is stored."""
    record_event(
        "viral_engine.reports.generation_completed",
        duration_ms=round(run.duration_ms, 1),
        report_id=run.report_id,
        attempt=run.attempt,
        k_factor=run.k_factor,
        health_score=run.health_score,
    )


def record_restated(run: FinishedRun) -> None:
    """Record in telemetry that a report replaces an earlier one."""
    record_event("viral_engine.reports.restated", report_id=run.report_id, restates=run.restates)


def record_failed(ended: EndedAttempt) -> None:
    """Record in telemetry that an attempt has ended without a report."""
    record_event(
        "viral_engine.reports.generation_failed",
        report_id=ended.report_id,
        attempt=ended.attempt,
        status=ended.status,
        error=ended.error,
    )
