"""Report runs for workers, which prove with a token that they hold a run."""

from datetime import UTC, datetime
from http import HTTPStatus

from sqlalchemy import Connection

from metrics_api.api.context import current_context
from metrics_api.api.enqueue import enqueue
from metrics_api.api.problems import ProblemError, not_held
from metrics_api.api.routing import ROW_ID, Resource
from metrics_api.deliveries.requests import save_mailing
from metrics_api.deliveries.transitions import DELIVERIES
from metrics_api.detection.query import build_masked_query
from metrics_api.reports.restatements import explain_restatement
from metrics_api.reports.runs import (
    claim_run,
    fail_attempt,
    fetch_held,
    finish_run,
    record_completed,
    record_failed,
    record_restated,
    record_started,
    renew_lease,
    save_facts,
    save_progress,
)
from metrics_api.reports.slots import tick_schedules
from metrics_api.reports.snapshot import fetch_report_facts
from viral_contract.models.flags import Flag
from viral_contract.models.jobs import Held, Progress, RunClaimed, RunResult, RunState, Ticked
from viral_contract.models.people import Scope
from viral_contract.models.period import Period
from viral_contract.models.problem import Problem
from viral_contract.models.reports import ReportFacts

report_jobs = Resource("jobs")


@report_jobs.route(
    "POST",
    f"/internal/report-runs/<{ROW_ID}:run_id>/claim",
    scope=Scope.JOBS_REPORTS,
    answers={HTTPStatus.OK: RunClaimed, HTTPStatus.CONFLICT: Problem},
)
def post_claim(run_id: int) -> RunClaimed:
    """Claim a waiting run for the length of a lease."""
    with current_context().database.write() as connection:
        claim = claim_run(connection, run_id, current_context().settings.queues, now=datetime.now(UTC))
    if claim is None:
        raise _not_held(run_id)
    record_started(claim)
    return RunClaimed(
        **claim.__dict__,
        lease_seconds=current_context().settings.queues.report_lease_seconds,
        ai_insights=current_context().flags.is_on(Flag.AI_INSIGHTS, f"report:{run_id}"),
    )


@report_jobs.route(
    "POST",
    f"/internal/report-runs/<{ROW_ID}:run_id>/renew",
    scope=Scope.JOBS_REPORTS,
    answers={HTTPStatus.OK: RunState, HTTPStatus.CONFLICT: Problem},
)
def post_renew(run_id: int, body: Held) -> RunState:
    """Renew the lease of a run."""
    with current_context().database.write() as connection:
        held = renew_lease(connection, run_id, body.token, current_context().settings.queues, now=datetime.now(UTC))
    return _running(run_id, held)


@report_jobs.route(
    "POST",
    f"/internal/report-runs/<{ROW_ID}:run_id>/progress",
    scope=Scope.JOBS_REPORTS,
    answers={HTTPStatus.OK: RunState, HTTPStatus.CONFLICT: Problem},
)
def post_progress(run_id: int, body: Progress) -> RunState:
    """Update the progress of a run."""
    with current_context().database.write() as connection:
        held = save_progress(connection, run_id, body.token, body.pct, body.step)
    return _running(run_id, held)


@report_jobs.route(
    "POST",
    f"/internal/report-runs/<{ROW_ID}:run_id>/snapshot",
    scope=Scope.JOBS_REPORTS,
    answers={HTTPStatus.OK: ReportFacts, HTTPStatus.CONFLICT: Problem},
)
def post_snapshot(run_id: int, body: Held) -> ReportFacts:
    """Take a snapshot of the report's facts and store it with the run."""
    with current_context().database.read() as connection:
        facts = _fetch_facts(connection, run_id, body.token)
    with current_context().database.write() as connection:
        _running(run_id, save_facts(connection, run_id, body.token, facts))
    return facts


@report_jobs.route(
    "POST",
    f"/internal/report-runs/<{ROW_ID}:run_id>/result",
    scope=Scope.JOBS_REPORTS,
    answers={HTTPStatus.OK: RunState, HTTPStatus.CONFLICT: Problem},
)
def post_result(run_id: int, body: RunResult) -> RunState:
    """Submit the finished report, or the error that ended the attempt."""
    if body.report is None:
        return _end_attempt(run_id, body.token, body.error or "")
    context, now = current_context(), datetime.now(UTC)
    with context.database.write() as connection:
        finished = finish_run(connection, run_id, body.token, body.report, now=now)
        if finished is None:
            raise _not_held(run_id)
        is_mailed = save_mailing(connection, run_id, context, now=now)
    record_completed(finished)
    if finished.restates is not None:
        record_restated(finished)
    if is_mailed:
        enqueue(DELIVERIES)
    return RunState(status="ready")


@report_jobs.route("POST", "/internal/schedules/tick", scope=Scope.JOBS_REPORTS, answers={HTTPStatus.OK: Ticked})
def post_tick() -> Ticked:
    """Create a run for every due slot; safe to repeat."""
    return Ticked(run_ids=tick_schedules(current_context(), now=datetime.now(UTC)))


def _fetch_facts(connection: Connection, run_id: int, token: int) -> ReportFacts:
    held = fetch_held(connection, run_id, token)
    if held is None:
        raise _not_held(run_id)
    period = Period.between(held.period_start, held.period_end)
    query = build_masked_query(
        period, current_context().settings.detection, current_context().references, now=datetime.now(UTC)
    )
    facts = fetch_report_facts(connection, held.report_type, query)
    if held.restates is None:
        return facts
    return facts.model_copy(update={"restatement": explain_restatement(connection, held.restates, facts)})


def _end_attempt(run_id: int, token: int, error: str) -> RunState:
    with current_context().database.write() as connection:
        ended = fail_attempt(connection, run_id, token, error, current_context().settings.queues, now=datetime.now(UTC))
    if ended is None:
        raise _not_held(run_id)
    record_failed(ended)
    return RunState(status=ended.status)


def _running(run_id: int, held: bool) -> RunState:
    if not held:
        raise _not_held(run_id)
    return RunState(status="running")


def _not_held(run_id: int) -> ProblemError:
    detail = f"Run {run_id} is not waiting, or this worker's lease on it has ended."
    return not_held(detail)
