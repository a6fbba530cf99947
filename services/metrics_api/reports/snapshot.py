"""One consistent snapshot of everything that a report says."""

from dataclasses import replace

from sqlalchemy import Connection

from metrics_api.detection.context import COMPONENT_ROWS, Reading
from metrics_api.growth.funnel import fetch_funnel
from metrics_api.growth.intervals import judge_change
from metrics_api.growth.k_factor import Counts, compare, fetch_counts, fetch_k_factor, format_counts, ratio
from metrics_api.growth.loops import fetch_loop_performance
from metrics_api.growth.referrers import fetch_referrers
from metrics_api.growth.timeline import fetch_timeline
from metrics_api.scoring.evaluation import fetch_health
from viral_engine.contract.growth import KFactorAnswer
from viral_engine.contract.guardrails import HealthAnswer
from viral_engine.contract.reports import DayInReport, FunnelStepInReport, ReferrerInReport, ReportFacts, ReportType


def fetch_report_facts(connection: Connection, report_type: ReportType, reading: Reading) -> ReportFacts:
    """The facts of the period and of the one before; the connection must be one snapshot."""
    before = replace(reading, period=reading.period.previous())
    now_counts, before_counts = fetch_counts(connection, reading.period), fetch_counts(connection, before.period)
    health = fetch_health(connection, reading)
    return ReportFacts(
        report_type=report_type,
        period_start=reading.period.start,
        period_end=reading.period.end,
        snapshot_at=reading.now,
        **_growth_facts(fetch_k_factor(connection, reading), now_counts, before_counts),
        **_health_facts(health, fetch_health(connection, before)),
        loops=fetch_loop_performance(connection, reading.period),
        # Of purged dates no loop's K is known.
        previous_loops=[] if before_counts.is_partial else fetch_loop_performance(connection, before.period),
        top_referrers=_fetch_top_referrers(connection, reading),
        funnel=_fetch_funnel(connection, reading),
        timeline=_fetch_days(connection, reading),
    )


def _growth_facts(answer: KFactorAnswer, now: Counts, before: Counts) -> dict[str, object]:
    trend, change_pct = compare(ratio(now.conversions, now.clicks), ratio(before.conversions, before.clicks))
    rates = answer.conversion_rate_interval, answer.previous.conversion_rate_interval
    return {
        "current": format_counts(now),
        "previous": format_counts(before),
        "k_factor_clean": answer.k_factor_clean,
        "k_factor_trend": answer.trend,
        "k_factor_change_pct": answer.change_pct,
        "k_factor_verdict": answer.why.verdict,
        "invites_per_user_effect": answer.why.invites_per_user_effect,
        "conversions_per_invite_effect": answer.why.conversions_per_invite_effect,
        "conversion_trend": trend,
        "conversion_change_pct": change_pct,
        "conversion_verdict": judge_change(*rates, sample=min(now.clicks, before.clicks)),
    }


def _health_facts(now: HealthAnswer, before: HealthAnswer) -> dict[str, object]:
    return {
        "has_data": now.has_data,
        "health_score": now.health_score,
        "health_status": now.health_status,
        "previous_health_score": before.health_score,
        "deductions": now.deductions.model_dump(),
        "compliance_rate": now.components.coppa.overall_compliance_rate,
        "flagged_ips": now.components.fraud.total_flagged_ips,
        "flagged_devices": now.components.bots.total_flagged_devices,
    }


def _fetch_top_referrers(connection: Connection, reading: Reading) -> list[ReferrerInReport]:
    referrers = fetch_referrers(connection, replace(reading, page=COMPONENT_ROWS)).referrers
    return [
        ReferrerInReport(
            id=referrer.referrer_id,
            invites=referrer.invites,
            conversions=referrer.conversions,
            k_contribution=referrer.k_contribution,
            conversion_rate=referrer.conversion_rate,
        )
        for referrer in referrers
    ]


def _fetch_funnel(connection: Connection, reading: Reading) -> list[FunnelStepInReport]:
    steps = fetch_funnel(connection, reading, source=None).steps
    return [
        FunnelStepInReport(name=step.name, people=step.count, step_rate=step.step_rate, overall_rate=step.overall_rate)
        for step in steps
    ]


def _fetch_days(connection: Connection, reading: Reading) -> list[DayInReport]:
    names = DayInReport.model_fields.keys()
    points = fetch_timeline(connection, reading).points
    return [DayInReport(**{name: getattr(point, name) for name in names}) for point in points]
