"""The events of report runs, recorded once the change behind them is committed."""

from metrics_api.reports.runs import Claim, EndedAttempt, FinishedRun
from viral_runtime.observe.telemetry import record_event


def record_started(claim: Claim) -> None:
    """A worker has begun an attempt."""
    record_event(
        "viral_engine.reports.generation_started",
        report_id=claim.run_id,
        report_type=claim.report_type,
        attempt=claim.attempt,
    )


def record_completed(run: FinishedRun) -> None:
    """A report is stored."""
    record_event(
        "viral_engine.reports.generation_completed",
        duration_ms=round(run.duration_ms, 1),
        report_id=run.report_id,
        attempt=run.attempt,
        k_factor=run.k_factor,
        health_score=run.health_score,
    )


def record_failed(ended: EndedAttempt) -> None:
    """An attempt has ended without a report."""
    record_event(
        "viral_engine.reports.generation_failed",
        report_id=ended.report_id,
        attempt=ended.attempt,
        status=ended.status,
        error=ended.error,
    )
