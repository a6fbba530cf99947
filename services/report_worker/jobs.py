"""The jobs of the queues. A job gets the id of a row that the metrics API owns.

A job that cannot continue just ends: the reconciler enqueues the row again once its lease has expired.
"""

import time
from functools import cache, partial

import structlog

from report_worker.language_model import write_with_model
from report_worker.runs_api import RenewedLease, RunsApi
from report_worker.settings import AiSettings, ReportWorkerSettings
from report_worker.writing import Writer, render_report, write_report_text
from viral_contract.client.metrics_api import ApiProblemError
from viral_contract.models.jobs import RunClaimed
from viral_reports.html_page import load_template
from viral_runtime.settings.base import load_settings
from viral_runtime.work.lease import Lease, LeaseLostError, claim, format_error

# Leaves time for the last step within JOB_TIMEOUT_SECONDS; the rest is enqueued again.
STEPPING_SECONDS = 240
_log = structlog.get_logger()


def prepare() -> None:
    """Do once what each job would otherwise repeat in its own forked child; opens no connection."""
    connect()
    load_template()


@cache
def connect() -> RunsApi:
    """The API client, from the settings."""
    own: ReportWorkerSettings = load_settings(ReportWorkerSettings)[0]
    return RunsApi.connect(own.metrics_api_url, own.report_worker_token.get_secret_value())


def generate_report(run_id: int) -> None:
    """Generate the report of a run, unless another worker has it."""
    ai: AiSettings = load_settings(AiSettings)[0]
    api = connect()
    run = claim(partial(api.claim_run, run_id), "report_not_claimed", report_id=run_id)
    if run is None:
        return
    with (
        structlog.contextvars.bound_contextvars(report_id=run_id, attempt=run.attempt),
        RenewedLease(partial(api.renew_run, run), run.lease_seconds) as lease,
    ):
        try:
            _generate(api, run, lease, _choose_model(run, ai))
        except LeaseLostError:
            _log.warning("report_lease_lost")
        except Exception as error:
            _end_attempt(api, run, lease, error)


def tick_schedules() -> None:
    """Let the API record a run for every due slot."""
    ticked = connect().tick_schedules()
    _log.info("schedules_ticked", run_ids=ticked.run_ids)


def step_batch(batch_id: int) -> None:
    """Run a batch's steps to its end, or for as long as a job may take."""
    api, until = connect(), time.monotonic() + STEPPING_SECONDS
    step = partial(claim, partial(api.step_batch, batch_id), "batch_left", batch_id=batch_id)
    batch = step()
    while batch and batch.status in ("queued", "running") and time.monotonic() < until:
        batch = step()
    if batch:
        _log.info("batch_stepped", batch_id=batch_id, status=batch.status, done_steps=batch.done_steps)


def _choose_model(run: RunClaimed, ai: AiSettings) -> Writer | None:
    if not run.ai_insights:
        return None
    if ai.ai_insights_url is None:
        _log.warning("ai_insights_unavailable", reason="AI_INSIGHTS_URL is not set")
        return None
    return partial(write_with_model, settings=ai)


def _generate(api: RunsApi, run: RunClaimed, lease: Lease, model: Writer | None) -> None:
    _show(api, run, lease, 10, "collecting data")
    facts = lease.call(partial(api.fetch_facts, run))
    _show(api, run, lease, 50, "writing insights")
    text = write_report_text(facts, model)
    _show(api, run, lease, 85, "rendering")
    report = render_report(run.run_id, facts, text)
    state = lease.call(partial(api.finish_run, run, report))
    _log.info("report_handed_in", status=state.status, written_by=text.written_by)


def _show(api: RunsApi, run: RunClaimed, lease: Lease, pct: int, step: str) -> None:
    lease.call(partial(api.save_progress, run, pct, step))


def _end_attempt(api: RunsApi, run: RunClaimed, lease: Lease, error: Exception) -> None:
    _log.exception("report_attempt_failed")
    try:
        lease.call(partial(api.fail_attempt, run, format_error(error)))
    except (LeaseLostError, ApiProblemError):
        _log.warning("report_failure_not_recorded")
