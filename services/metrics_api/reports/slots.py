"""Due slots of the schedules: weekly on Monday 09:00 UTC, monthly on the 1st 10:00 UTC.

Every slot since the last one gets exactly one run, however often or late the scheduler ticks: the slots are computed
here, and (report type, slot) is unique.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, text
from sqlalchemy.dialects.postgresql import insert

from metrics_api.context import Context
from metrics_api.db.tables import report_runs
from metrics_api.reports.requests import period_ending, run_values
from metrics_api.reports.runs import RUNS
from metrics_api.work.due import enqueue_due
from viral_contract.models.flags import Flag

# The targeting key of the flag for scheduled reports.
SCHEDULE_KEY = "schedule"

# The first tick only initializes the schedule, because no one needs reports of the past.
_START = text("""
    INSERT INTO schedules (report_type, last_slot) VALUES ('weekly', :now), ('monthly', :now)
    ON CONFLICT (report_type) DO NOTHING
""")
_DUE = text("""
    SELECT report_type, slot FROM schedules, LATERAL (
        SELECT slot FROM generate_series(
            CASE report_type
                WHEN 'weekly' THEN date_trunc('week', last_slot, 'UTC') + interval '9 hours'
                ELSE date_trunc('month', last_slot, 'UTC') + interval '10 hours'
            END,
            :now, CASE report_type WHEN 'weekly' THEN interval '7 days' ELSE interval '1 month' END, 'UTC'
        ) AS slot WHERE slot > last_slot
    ) AS due ORDER BY slot, report_type
""")
_ADVANCE = text("UPDATE schedules SET last_slot = greatest(last_slot, :slot) WHERE report_type = :report_type")
_LOCK = text("SELECT FROM schedules ORDER BY report_type FOR UPDATE")


def tick_schedules(context: Context, *, now: datetime) -> list[int]:
    """Record a run for every due slot and enqueue due runs; returns the new runs' ids."""
    enabled = context.flags.is_on(Flag.PERFORMANCE_REPORTS, SCHEDULE_KEY)
    with context.database.write() as connection:
        run_ids = tick(connection, enabled=enabled, now=now)
    enqueue_due(context, RUNS, now=now)
    return run_ids


def tick(connection: Connection, *, enabled: bool, now: datetime) -> list[int]:
    """Record a run for every due slot, a skipped one if reports are turned off; returns the new runs' ids."""
    connection.execute(_START, {"now": now})
    connection.execute(_LOCK)
    due = connection.execute(_DUE, {"now": now}).all()
    return [run_id for slot in due if (run_id := _save_slot(connection, slot, enabled=enabled, now=now)) is not None]


def _save_slot(connection: Connection, due: Row[tuple[str, datetime]], *, enabled: bool, now: datetime) -> int | None:
    connection.execute(_ADVANCE, {"slot": due.slot, "report_type": due.report_type})
    period = period_ending(due.report_type, due.slot.date() - timedelta(days=1))
    values = run_values(due.report_type, period, by="schedule", now=now) | {"slot": due.slot}
    if not enabled:
        values |= {"status": "skipped", "finished_at": now, "progress_step": "skipped: reports are turned off"}
    statement = insert(report_runs).values(values).on_conflict_do_nothing().returning(report_runs.c.id)
    run_id: int | None = connection.execute(statement).scalar_one_or_none()
    return run_id if enabled else None
