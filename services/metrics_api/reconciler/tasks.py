"""The tasks of the reconciler, and how often they run."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from prometheus_client import Gauge
from redis import Redis

from metrics_api.alerts.evaluate import evaluate_guardrails, evaluate_referrers
from metrics_api.alerts.growth import evaluate_growth
from metrics_api.batches.ledger import BATCHES
from metrics_api.batches.steps import start_due_classification, start_due_scans
from metrics_api.cases.refresh import CASE_KINDS
from metrics_api.context import Context
from metrics_api.db.database import Database
from metrics_api.deliveries import transitions
from metrics_api.deliveries.transitions import DELIVERIES, prune_deliveries, record_ended
from metrics_api.detection.query import build_masked_query
from metrics_api.drafts.power import measure_power
from metrics_api.drafts.replay import replay_next
from metrics_api.growth.cohorts import weeks_until
from metrics_api.growth.kept_cohort_k import WEEKS, keep_cohort_k
from metrics_api.ingest.combiner import fold_rest
from metrics_api.ledgers import KINDS
from metrics_api.notifications.dispatch import enqueue_messages
from metrics_api.privacy.moderation import request_moderation
from metrics_api.privacy.purge import purge_some
from metrics_api.reports import runs
from metrics_api.reports.restatements import restate_reports
from metrics_api.reports.runs import record_failed
from metrics_api.reports.slots import tick_schedules
from metrics_api.settings.queues import ReconcilerSettings
from metrics_api.work.counts import fetch_queues
from metrics_api.work.due import enqueue_due

_PRUNE_SECONDS = 3600
_PURGE_SECONDS = 60
_POWER_SECONDS = 3600
_COHORT_K_SECONDS = 300


@dataclass(frozen=True)
class Task:
    """A recurring task; `run` returns whether there is more to do at once."""

    name: str
    seconds: float
    run: Callable[[datetime], bool]


_REFERRERS_EVERY = 5
_GROWTH_EVERY = 15
_KINDS_EACH_TIME = [kind for kind in CASE_KINDS if kind != "referrer"]
_WORK = Gauge(
    "viral_engine_queue_work",
    "Work of a queue, by state: waiting, running, failed for good, or uncertain",
    ["queue", "state"],
    multiprocess_mode="livemax",
)
_OLDEST = Gauge(
    "viral_engine_queue_oldest_seconds",
    "How long the oldest work of a queue has been due, 0 where none waits",
    ["queue"],
    multiprocess_mode="livemax",
)


def build_tasks(context: Context, own: ReconcilerSettings) -> tuple[Task, ...]:
    """All tasks, in the order in which they run when several are due."""
    often = context.settings.queues.reconcile_seconds
    return (
        Task("evaluate_guardrails", own.evaluation_seconds, partial(_evaluate, context)),
        Task("evaluate_referrers", _REFERRERS_EVERY * own.evaluation_seconds, partial(_evaluate_referrers, context)),
        Task("evaluate_growth", _GROWTH_EVERY * own.evaluation_seconds, partial(_evaluate_growth, context)),
        Task("fold_staged", often, partial(_fold_staged, context)),
        Task("keep_cohort_k", _COHORT_K_SECONDS, partial(_keep_cohort_k, context)),
        Task("tell_news", often, partial(_enqueue_alert_messages, context)),
        Task("reconcile_runs", often, partial(reconcile_runs, context)),
        Task("reconcile_deliveries", often, partial(reconcile_deliveries, context)),
        Task("prune_deliveries", _PRUNE_SECONDS, partial(_prune_deliveries, context)),
        Task("request_takedowns", often, partial(_request_moderation, context)),
        Task("purge", _PURGE_SECONDS, partial(_purge, context)),
        Task("measure_queues", often, partial(_measure_queues, context)),
        Task("reconcile_batches", often, partial(_reconcile_batches, context)),
        Task("replay_drafts", often, partial(_replay_drafts, context)),
        Task("restate_reports", often, partial(_restate_reports, context, own)),
        Task("measure_power", _POWER_SECONDS, partial(_measure_power, context)),
    )


def _evaluate(context: Context, now: datetime) -> bool:
    evaluate_guardrails(context, now=now, kinds=_KINDS_EACH_TIME)
    return _enqueue_alert_messages(context, now)


def _evaluate_referrers(context: Context, now: datetime) -> bool:
    evaluate_referrers(context, now=now)
    return False


def _evaluate_growth(context: Context, now: datetime) -> bool:
    evaluate_growth(context, now=now)
    return _enqueue_alert_messages(context, now)


def _fold_staged(context: Context, _now: datetime) -> bool:
    fold_rest(context.database)
    return False


def _keep_cohort_k(context: Context, now: datetime) -> bool:
    query = build_masked_query(weeks_until(now.date(), WEEKS), context.settings.detection, context.references, now=now)
    with context.database.write() as connection:
        keep_cohort_k(connection, query)
    return False


def _enqueue_alert_messages(context: Context, now: datetime) -> bool:
    enqueue_messages(context, now=now)
    return False


def reconcile_runs(context: Context, now: datetime) -> bool:
    """Recover runs from silent workers, record those of due slots, and enqueue due ones."""
    with context.database.write() as connection:
        expired = runs.expire_leases(connection, context.settings.queues, now=now)
    for ended in expired:
        record_failed(ended)
    tick_schedules(context, now=now)
    return False


def reconcile_deliveries(context: Context, now: datetime) -> bool:
    """Recover deliveries from silent workers, and enqueue due ones."""
    with context.database.write() as connection:
        expired = transitions.expire_leases(connection, context.settings.queues, now=now)
    for ended in expired:
        record_ended(ended)
    enqueue_due(context, DELIVERIES, now=now)
    return False


def _prune_deliveries(context: Context, now: datetime) -> bool:
    with context.database.write() as connection:
        return prune_deliveries(connection, context.settings.deliveries, now=now)


def _purge(context: Context, now: datetime) -> bool:
    with context.database.write() as connection:
        return purge_some(connection, context.settings.privacy, now=now)


def _request_moderation(context: Context, now: datetime) -> bool:
    with context.database.write() as connection:
        asked = request_moderation(connection, context.settings.deliveries, now=now)
    if asked:
        enqueue_due(context, DELIVERIES, now=now)
    return bool(asked)


def _measure_queues(context: Context, now: datetime) -> bool:
    measure_queues(context.database, context.redis, now=now)
    return False


def _reconcile_batches(context: Context, now: datetime) -> bool:
    """Start to finish long scans and to classify by new rules, and enqueue unfinished batches."""
    with context.database.write() as connection:
        start_due_scans(connection)
        start_due_classification(connection, context.fact_rules, now=now)
    enqueue_due(context, BATCHES, now=now)
    return False


def _replay_drafts(context: Context, now: datetime) -> bool:
    """Replay one more date of a draft, so that other tasks get their turn in between."""
    return replay_next(context, now=now)


def _restate_reports(context: Context, own: ReconcilerSettings, now: datetime) -> bool:
    """Some reports at a time, so that other tasks get their turn in between."""
    restate_reports(context, after_seconds=own.restate_after_seconds, now=now)
    return False


def _measure_power(context: Context, now: datetime) -> bool:
    """Once a night; hourly, so that a night that was missed is made up for."""
    measure_power(context, now=now)
    return False


def measure_queues(database: Database, redis: Redis, *, now: datetime) -> None:
    """Set the metrics of every queue: its work by state, and the age of its oldest due work."""
    with database.read() as connection:
        states = fetch_queues(connection, redis, KINDS, now=now)
    for queue in states:
        _WORK.labels(queue.name, "waiting").set(queue.depth)
        _WORK.labels(queue.name, "running").set(queue.running)
        _WORK.labels(queue.name, "failed").set(queue.failed)
        _WORK.labels(queue.name, "uncertain").set(queue.uncertain)
        _OLDEST.labels(queue.name).set(queue.oldest_waiting_seconds or 0)


def forget_queues() -> None:
    """Clear the metrics: another process may lead, and stale figures would mislead."""
    _WORK.clear()
    _OLDEST.clear()
