"""Runs the tasks while this process leads, and survives restarts of the database.

Of several reconcilers, the one whose connection holds an advisory lock leads. The lock ends with the connection, so
another takes over when this process is killed, cut off or hangs on a dead network.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Event

import psycopg
import structlog
from prometheus_client import Counter, Gauge

from metrics_api.db.advisory_locks import AdvisoryLock
from metrics_api.reconciler.tasks import Task, forget_queues
from metrics_api.settings.api import ApiSettings
from metrics_api.settings.queues import ReconcilerSettings
from viral_runtime.observe.metrics import serve_metrics

_CHECK_SECONDS = 2
_LONGEST_BACKOFF_SECONDS = 30
_LEADS = Gauge(
    "viral_engine_reconciler_leads", "1 while this process is the one that reconciles", multiprocess_mode="livesum"
)
_TASKS = Counter("viral_engine_reconciler_tasks", "Runs of tasks, by outcome: done or failed", ["task", "outcome"])
_log = structlog.get_logger()
_STANDBY_SECONDS = 2
# Without these, PostgreSQL would hold the lock for hours after the leader's machine is gone.
_OPTIONS = "-c timezone=UTC -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
_HEARTBEAT = Gauge(
    "viral_engine_reconciler_heartbeat_timestamp_seconds",
    "When this process last reached the database, leading or not",
    multiprocess_mode="max",
)


def run_reconciler(stop: Event, settings: ApiSettings, own: ReconcilerSettings, tasks: Sequence[Task]) -> None:
    """Reconcile until `stop` is set; the current task still finishes."""
    serve_metrics(settings.bind_host, own.reconciler_metrics_port)
    _log.info("reconciler_started", tasks=[task.name for task in tasks])
    reconcile_until(stop, settings.database_url, tasks)
    _log.info("reconciler_stopped")


def reconcile_until(stop: Event, database_url: str, tasks: Sequence[Task]) -> None:
    """Lead and run the tasks until `stop` is set; wait with backoff while the database is unavailable."""
    # A rate needs to see a counter at 0 before its first event.
    for task in tasks:
        _TASKS.labels(task=task.name, outcome="failed")
    failures = 0
    while not stop.is_set():
        try:
            with connect(database_url) as connection:
                failures = 0
                if await_leadership(connection, stop):
                    work_until(stop, connection, tasks)
        except psycopg.Error as error:
            _LEADS.set(0)
            forget_queues()
            wait = min(2**failures, _LONGEST_BACKOFF_SECONDS)
            failures += 1
            _log.warning("database_lost", error=type(error).__name__, retry_in_seconds=wait)
            stop.wait(wait)


def work_until(stop: Event, leadership: psycopg.Connection, tasks: Sequence[Task]) -> None:
    """Run every task when it is due, each once at first, until `stop` is set.

    Raises psycopg.Error if the leadership is lost.
    """
    _LEADS.set(1)
    due_at = {task.name: time.monotonic() for task in tasks}
    while not stop.is_set():
        for task in tasks:
            if due_at[task.name] <= time.monotonic() and not stop.is_set():
                check_leadership(leadership)
                more = run_task(task)
                due_at[task.name] = time.monotonic() + (0 if more else task.seconds)
        check_leadership(leadership)
        stop.wait(max(0, min(min(due_at.values()) - time.monotonic(), _CHECK_SECONDS)))


def run_task(task: Task) -> bool:
    """Run a task once; a failure is logged and does not stop the others."""
    try:
        more = task.run(datetime.now(UTC))
    except Exception:
        _TASKS.labels(task=task.name, outcome="failed").inc()
        _log.exception("task_failed", task=task.name)
        return False
    _TASKS.labels(task=task.name, outcome="done").inc()
    return more


def connect(database_url: str) -> psycopg.Connection:
    """A connection that holds the leadership, apart from those of the tasks."""
    return psycopg.connect(
        database_url.replace("postgresql+psycopg://", "postgresql://", 1),
        autocommit=True,
        connect_timeout=5,
        options=_OPTIONS,
        tcp_user_timeout=10_000,
        application_name="reconciler",
    )


def await_leadership(connection: psycopg.Connection, stop: Event) -> bool:
    """Wait until this process leads; False if it has to stop.

    Raises psycopg.Error if the connection breaks.
    """
    while not stop.is_set():
        _HEARTBEAT.set_to_current_time()
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [AdvisoryLock.RECONCILER]).fetchone()
        if row and row[0]:
            _log.info("leadership_taken")
            return True
        stop.wait(_STANDBY_SECONDS)
    return False


def check_leadership(connection: psycopg.Connection) -> None:
    """Raise psycopg.Error if the connection, and with it the leadership, is lost."""
    connection.execute("SELECT 1")
    _HEARTBEAT.set_to_current_time()
