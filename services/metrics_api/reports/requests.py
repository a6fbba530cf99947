"""Requests for reports: the same within 60 seconds is one, and a scheduled slot has one run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from metrics_api.db.tables import report_runs
from metrics_api.work.job_keys import recall_answer, remember_answer
from viral_contract.models.period import Period
from viral_contract.models.recipients import drop_repeated
from viral_contract.models.reports import ReportRequest, ReportType, RunStatus

MAX_ATTEMPTS = 3
_REPORT_DAYS: dict[ReportType, int] = {"weekly": 7, "monthly": 30}


@dataclass(frozen=True)
class Requested:
    """The run of a request, and whether the request created it.

    `late_recipients` are new recipients of a report that is already finished and mailed to the others.
    """

    run_id: int
    status: RunStatus
    created: bool
    late_recipients: Sequence[str] = ()


def period_of(request: ReportRequest, *, now: datetime) -> Period:
    """The dates of the report: those requested, or the 7 or 30 UTC dates that end yesterday."""
    if request.period_start and request.period_end:
        return Period.between(request.period_start, request.period_end)
    return period_ending(request.report_type, now.astimezone(UTC).date() - timedelta(days=1))


def period_ending(report_type: ReportType, end: date) -> Period:
    """The dates of a weekly or monthly report that ends on `end`."""
    return Period.between(end - timedelta(days=_REPORT_DAYS[report_type] - 1), end)


def request_run(connection: Connection, request: ReportRequest, *, by: str, now: datetime) -> Requested:
    """Record a run, or find the one that the same request made within the last 60 seconds."""
    period = period_of(request, now=now)
    key = f"report:{request.report_type}:{period.start}:{period.end}"
    known = recall_answer(connection, key, now=now)
    if known is not None:
        return _add_recipients(connection, known, request.recipient_emails)
    values = run_values(request.report_type, period, by=by, now=now)
    recipients = drop_repeated(request.recipient_emails)
    statement = insert(report_runs).values(**values, recipient_emails=recipients).returning(report_runs.c.id)
    run_id: int = connection.execute(statement).scalar_one()
    remember_answer(connection, key, run_id, now=now)
    return Requested(run_id, "queued", created=True)


def _add_recipients(connection: Connection, run_id: int, recipients: Sequence[str]) -> Requested:
    """Add the recipients who are not recipients of the run yet."""
    columns = report_runs.c
    run = connection.execute(
        select(columns.status, columns.recipient_emails).where(columns.id == run_id).with_for_update()
    ).one()
    merged = drop_repeated([*run.recipient_emails, *recipients])
    new = merged[len(run.recipient_emails) :]
    if new:
        connection.execute(update(report_runs).where(columns.id == run_id).values(recipient_emails=merged))
    return Requested(run_id, run.status, created=False, late_recipients=new if run.status == "ready" else ())


def run_values(report_type: ReportType, period: Period, *, by: str, now: datetime) -> dict[str, object]:
    """The columns of a new run."""
    return {
        "report_type": report_type,
        "period_start": period.start,
        "period_end": period.end,
        "requested_by": by,
        "status": "queued",
        "max_attempts": MAX_ATTEMPTS,
        "next_attempt_at": now,
        "created_at": now,
    }
