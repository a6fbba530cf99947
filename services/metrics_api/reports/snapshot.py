"""One consistent snapshot of all figures of a report."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from sqlalchemy import Connection

from metrics_api.detection.entity_lists import fetch_active_lists
from metrics_api.detection.query import COMPONENT_ROWS, Query
from metrics_api.growth.clean import fetch_flagged
from metrics_api.growth.cohort_k import fetch_cohort_k
from metrics_api.growth.cohorts import weeks_until
from metrics_api.growth.funnel import fetch_funnel
from metrics_api.growth.intervals import judge_change
from metrics_api.growth.k_factor import (
    NO_CHANGE,
    Counts,
    FlaggedOfBoth,
    compare,
    fetch_compared,
    fetch_counts,
    format_counts,
    format_k_factor,
    ratio,
)
from metrics_api.growth.loops import fetch_loop_performance
from metrics_api.growth.referrers import fetch_referrers
from metrics_api.growth.timeline import fetch_points
from metrics_api.health.evaluation import fetch_state, rate_health
from viral_contract.models.cohort_k import CohortKHeadline
from viral_contract.models.growth import KFactorAnswer
from viral_contract.models.guardrails import HealthAnswer
from viral_contract.models.reports import (
    DayInReport,
    FunnelStepInReport,
    ReferrerInReport,
    ReportFacts,
    ReportType,
)

_NOT_COMPARED: dict[str, object] = {
    "k_factor_trend": "stable",
    "k_factor_change_pct": None,
    "k_factor_verdict": NO_CHANGE.verdict,
    "invites_per_user_effect": 0,
    "conversions_per_invite_effect": 0,
    "conversion_trend": "stable",
    "conversion_change_pct": None,
    "conversion_verdict": NO_CHANGE.verdict,
}
_COHORT_WEEKS, _COHORT_DAYS = 8, 28
# Deductions that need the details of kept dates.
_OF_FLAGS = ("fraud", "bot_behavior")


def fetch_report_facts(connection: Connection, report_type: ReportType, query: Query) -> ReportFacts:
    """The facts of the period and the previous one; the connection must be one snapshot."""
    before, lists = replace(query, period=query.period.previous()), fetch_active_lists(connection, query)
    now_counts, before_counts = fetch_counts(connection, query.period), fetch_counts(connection, before.period)
    flagged = FlaggedOfBoth(fetch_flagged(connection, query, lists), fetch_flagged(connection, before, lists))
    health, health_before = (
        rate_health(connection, each, fetch_state(connection, each.period, lists), found)
        for each, found in ((query, flagged.now.totals), (before, flagged.before.totals))
    )
    compared = fetch_compared(connection, query, now_counts, before_counts, before.period)
    answer = format_k_factor(now_counts, before_counts, flagged, query, compared, before.period)
    return ReportFacts(
        report_type=report_type,
        period_start=query.period.start,
        period_end=query.period.end,
        snapshot_at=query.now,
        is_over=query.period.is_over(now=query.now),
        **_growth_facts(now_counts, before_counts),
        **_compare(answer, now_counts, before_counts),
        **_health_facts(health, health_before),
        honest_k=_fetch_honest_k(connection, query),
        loops=fetch_loop_performance(connection, query.period, flagged.now.by_loop(query.period)),
        # The K-factors of loops are unknown for purged dates.
        previous_loops=[]
        if before_counts.is_partial
        else fetch_loop_performance(connection, before.period, flagged.before.by_loop(before.period)),
        top_referrers=_fetch_top_referrers(connection, query, flagged.now.by_referrer(query.period)),
        funnel=_fetch_funnel(connection, query),
        timeline=_fetch_days(connection, query, flagged.now.conversions),
    )


def _growth_facts(now: Counts, before: Counts) -> dict[str, object]:
    return {"current": format_counts(now), "previous": format_counts(before)}


def _compare(answer: KFactorAnswer, now: Counts, before: Counts) -> dict[str, object]:
    """The change from the previous period; nothing is compared while the period is not over."""
    clean = {"k_factor_clean": answer.k_factor_clean}
    if not answer.is_over:
        return clean | _NOT_COMPARED
    trend, change_pct = compare(ratio(now.conversions, now.clicks), ratio(before.conversions, before.clicks))
    rates = answer.conversion_rate_interval, answer.previous.conversion_rate_interval
    return clean | {
        "change": answer.change,
        "k_factor_trend": answer.trend,
        "k_factor_change_pct": answer.change_pct,
        "k_factor_verdict": answer.why.verdict,
        "invites_per_user_effect": answer.why.invites_per_user_effect,
        "conversions_per_invite_effect": answer.why.conversions_per_invite_effect,
        "conversion_trend": trend,
        "conversion_change_pct": change_pct,
        "conversion_verdict": judge_change(*rates, sample=min(now.clicks, before.clicks)),
    }


def _fetch_honest_k(connection: Connection, query: Query) -> CohortKHeadline | None:
    weeks = weeks_until(query.period.end, _COHORT_WEEKS)
    return fetch_cohort_k(connection, replace(query, period=weeks), _COHORT_DAYS).headline


def _health_facts(now: HealthAnswer, before: HealthAnswer) -> dict[str, object]:
    points = now.deductions.model_dump()
    if now.is_partial:
        points = {name: value for name, value in points.items() if name not in _OF_FLAGS}
    return {
        "has_data": now.has_data,
        "health_score": now.health_score if now.is_known else None,
        "health_status": now.health_status if now.is_known else None,
        "health_basis": now.basis,
        "previous_health_score": before.health_score if before.is_known else None,
        "deductions": points,
        "compliance_rate": now.components.coppa.overall_compliance_rate,
        "flagged_ips": now.components.fraud.total_flagged_ips if now.is_known else None,
        "flagged_devices": now.components.bots.total_flagged_devices if now.is_known else None,
    }


def _fetch_top_referrers(connection: Connection, query: Query, suspect: Mapping[str, int]) -> list[ReferrerInReport]:
    referrers = fetch_referrers(connection, replace(query, page=COMPONENT_ROWS), suspect).referrers
    return [
        ReferrerInReport(
            id=referrer.referrer_id,
            invites=referrer.invites,
            conversions=referrer.conversions,
            k_contribution=referrer.k_contribution,
            conversion_rate=referrer.conversion_rate,
            under_review=referrer.is_accused or 0 < referrer.flagged_conversions >= referrer.clean_conversions,
        )
        for referrer in referrers
    ]


def _fetch_funnel(connection: Connection, query: Query) -> list[FunnelStepInReport]:
    steps = fetch_funnel(connection, query).steps
    return [
        FunnelStepInReport(name=step.name, people=step.count, step_rate=step.step_rate, overall_rate=step.overall_rate)
        for step in steps
    ]


def _fetch_days(connection: Connection, query: Query, suspect: Mapping[date, int]) -> list[DayInReport]:
    names = DayInReport.model_fields.keys()
    points = fetch_points(connection, query, suspect)
    return [DayInReport(**{name: getattr(point, name) for name in names}) for point in points]
