"""One evaluation of the guardrails: stores the score, updates the alerts, and records telemetry."""

from collections.abc import Collection
from datetime import datetime

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import Connection, text

from metrics_api.alerts.alert_events import save_alert_events
from metrics_api.alerts.lifecycle import AlertChanges, await_turn, save_findings
from metrics_api.alerts.rules import ALERT_DAYS, GUARDRAIL_TYPES, MAX_REFS, find_alerts
from metrics_api.cases.refresh import CASE_KINDS, find_all, refresh_cases, save_cases
from metrics_api.context import Context
from metrics_api.db.advisory_locks import AdvisoryLock, await_lock
from metrics_api.db.paging import Page
from metrics_api.detection.coppa_violations import Order, fetch_violations
from metrics_api.detection.event_pii import fetch_event_pii
from metrics_api.detection.query import Query, build_masked_query
from metrics_api.health.evaluation import fetch_health
from metrics_api.health.history import save_point
from metrics_api.ingest.referrals import settle_referrals
from viral_contract.models.cases import CaseKind
from viral_contract.models.evaluations import Evaluation
from viral_contract.models.guardrails import HealthAnswer
from viral_contract.models.period import Period
from viral_contract.models.violations import Violation, ViolationFilter
from viral_runtime.observe.telemetry import record_event

_REFRESHES = Counter("viral_engine_case_refreshes", "Refreshes of cases, by outcome: done or failed", ["outcome"])
_OPEN_CASES = Gauge("viral_engine_open_cases", "Open cases at the last evaluation", multiprocess_mode="mostrecent")
_COUNT_OPEN = text("SELECT count(*) FROM cases WHERE status = 'open'")
_log = structlog.get_logger()
# A rate needs to see a counter at 0 before its first event.
_REFRESHES.labels(outcome="failed")


def evaluate_guardrails(context: Context, *, now: datetime, kinds: Collection[CaseKind] = CASE_KINDS) -> Evaluation:
    """Evaluate the last 7 dates and store score, alerts and alert events in one transaction; then record telemetry.

    Of the cases, those of these kinds are refreshed before; score and alerts do not depend on whether that succeeds.
    """
    query = build_recent_query(context, Page(MAX_REFS), now=now)
    _refresh_cases(context, query, kinds)
    with context.database.write() as connection:
        await_turn(connection)
        health = fetch_health(connection, query)
        save_point(connection, health)
        violations, event_pii = _fetch_true_violations(connection, query), fetch_event_pii(connection, query)
        findings = find_alerts(health, context.settings.detection, violations, event_pii)
        changes = save_findings(connection, findings, GUARDRAIL_TYPES, query.period, now=now)
        save_alert_events(connection, context.flags, changes, now=now)
    _record(health, changes)
    return Evaluation(
        **health.model_dump(include=set(Evaluation.model_fields)),
        opened_alerts=[alert.id for alert in changes.opened],
        resolved_alerts=changes.resolved,
    )


def _refresh_cases(context: Context, query: Query, kinds: Collection[CaseKind]) -> None:
    """Refresh the cases in a transaction of their own: strangers choose how much rules have to look at."""
    try:
        with context.database.write() as connection:
            if "referrer" in kinds:
                await_lock(connection, AdvisoryLock.REFERRER_CASES)
            await_turn(connection)
            settle_referrals(connection, now=query.now)
            refresh_cases(connection, query, kinds)
            _OPEN_CASES.set(connection.execute(_COUNT_OPEN).scalar_one())
    except Exception:
        _REFRESHES.labels(outcome="failed").inc()
        _log.exception("cases_not_refreshed")
    else:
        _REFRESHES.labels(outcome="done").inc()


def evaluate_referrers(context: Context, *, now: datetime) -> None:
    """Refresh the cases of referrers, whose rules compare each with all others: that takes too long for every minute.

    Other evaluations of referrers wait for it, as what it found would undo what they find meanwhile; those without
    referrers wait only while it writes.
    """
    query = build_recent_query(context, Page(MAX_REFS), now=now)
    with context.database.write() as connection:
        await_lock(connection, AdvisoryLock.REFERRER_CASES)
        found = find_all(connection, query, ["referrer"])
        await_turn(connection)
        save_cases(connection, query, found, ["referrer"])


def build_recent_query(context: Context, page: Page, *, now: datetime) -> Query:
    """The query over the dates that alerts are about, with identifiers always masked."""
    settings, references = context.settings.detection, context.references
    return build_masked_query(Period.last_days(ALERT_DAYS, now=now), settings, references, now=now, page=page)


def _fetch_true_violations(connection: Connection, query: Query) -> list[Violation]:
    listed = fetch_violations(connection, ViolationFilter(), query, Order()).violations
    return [violation for violation in listed if violation.resolution != "false_positive"]


def _record(health: HealthAnswer, changes: AlertChanges) -> None:
    fraud, bots = health.components.fraud, health.components.bots
    record_event(
        "viral_engine.guardrails.health_score",
        score=health.health_score,
        severity=health.health_status,
        components=health.deductions.model_dump(),
    )
    record_event(
        "viral_engine.guardrails.fraud_detected",
        flagged_ips=fraud.total_flagged_ips,
        threshold_used=fraud.threshold_used,
    )
    record_event(
        "viral_engine.guardrails.bot_detected",
        flagged_devices=bots.total_flagged_devices,
        detection_params=bots.detection_params.model_dump(),
    )
    record_opened(changes)


def record_opened(changes: AlertChanges) -> None:
    """Record the alerts that an evaluation has opened as telemetry."""
    for alert in changes.opened:
        record_event(
            "viral_engine.guardrails.alert_opened", type=alert.type, severity=alert.severity, alert_id=alert.id
        )
