"""Builds the facts of a report: a good week by default, override what matters."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from metrics_api.growth.intervals import judge_change, rate_interval, wilson_interval
from metrics_api.growth.k_factor import Counts, compare, compare_k, format_counts, ratio
from metrics_api.growth.loops import format_loop
from viral_contract.models.cohort_k import CohortKHeadline, CohortKWeeks
from viral_contract.models.growth import Culprit, FactorEffects, HonestChange, Interval, LoopEffect
from viral_contract.models.reports import (
    DayInReport,
    FunnelStepInReport,
    ReferrerInReport,
    ReportFacts,
    Restatement,
    RestatingCase,
)

MONDAY = date(2026, 3, 2)
SNAPSHOT_AT = datetime(2026, 3, 9, 9, 0, 5, tzinfo=UTC)
NOTHING = Counts(0, 0, 0, 0, 0, {})
GOOD_WEEK = Counts(1200, 5200, 744, 1000, 800, {})
WEEK_BEFORE = Counts(1000, 5000, 550, 1000, 700, {})
LOOPS = (
    format_loop("buddy_challenge", 500, 2400, 405, 450),
    format_loop("parent_share", 500, 2000, 299, 500),
    format_loop("streak_rescue", 200, 800, 40, 190),
)
FUNNEL = (("clicked", 4000), ("visited", 3100), ("signed_up", 1240), ("converted", 744), ("activated", 496))
REFERRERS = (("maria", 40, 62), ("ben", 30, 45), ("chloe", 12, 20))


def build_facts(now: Counts = GOOD_WEEK, before: Counts = WEEK_BEFORE, **fields: Any) -> ReportFacts:
    """Facts that agree with each other about the counts of both periods."""
    k_trend, k_change = compare_k(now, before)
    trend, change = compare(ratio(now.conversions, now.clicks), ratio(before.conversions, before.clicks))
    users = (now.conversions, now.active_users), (before.conversions, before.active_users)
    clicks = (now.conversions, now.clicks), (before.conversions, before.clicks)
    values: dict[str, Any] = {
        "report_type": "weekly",
        "period_start": MONDAY,
        "period_end": MONDAY + timedelta(days=6),
        "snapshot_at": SNAPSHOT_AT,
        "has_data": True,
        "current": format_counts(now),
        "previous": format_counts(before),
        "k_factor_clean": float(now.k_factor),
        "k_factor_trend": k_trend,
        "k_factor_change_pct": k_change,
        "k_factor_verdict": judge_change(*(rate_interval(*pair) for pair in users), sample=min(u[1] for u in users)),
        "invites_per_user_effect": 0.12,
        "conversions_per_invite_effect": 0.07,
        "conversion_trend": trend,
        "conversion_change_pct": change,
        "conversion_verdict": judge_change(
            *(wilson_interval(*pair) for pair in clicks), sample=min(pair[1] for pair in clicks)
        ),
        "loops": list(LOOPS),
        "previous_loops": [format_loop("buddy_challenge", 450, 2200, 360, 450)],
        "top_referrers": [build_referrer(*row, users=now.active_users) for row in REFERRERS],
        "funnel": build_funnel(*FUNNEL),
        "timeline": build_timeline(),
        "health_score": 92.0,
        "health_status": "excellent",
        "previous_health_score": 94.0,
        "deductions": {"fraud": 4.0, "bot_behavior": 2.0, "opt_out_rate": 2.0, "coppa_violations": 0.0},
        "compliance_rate": 1.0,
        "flagged_ips": 2,
        "flagged_devices": 1,
    }
    return ReportFacts(**values | fields)


def build_empty_facts(**fields: Any) -> ReportFacts:
    """Facts of a period in which nothing happened, like the one before."""
    nothing = {
        "has_data": False,
        "loops": [],
        "previous_loops": [],
        "top_referrers": [],
        "funnel": build_funnel(*((name, 0) for name, _ in FUNNEL)),
        "timeline": build_timeline(k_factors=(0,) * 7),
        "health_score": 100.0,
        "previous_health_score": 100.0,
        "deductions": {"fraud": 0.0, "bot_behavior": 0.0, "opt_out_rate": 0.0, "coppa_violations": 0.0},
        "flagged_ips": 0,
        "flagged_devices": 0,
    }
    return build_facts(NOTHING, NOTHING, **nothing | fields)


def build_referrer(
    name: str, invites: int, conversions: int, *, users: int = 1000, under_review: bool = False
) -> ReferrerInReport:
    """A referrer of the top ten, whose invites were clicked four times for every conversion."""
    return ReferrerInReport(
        id=name,
        invites=invites,
        conversions=conversions,
        k_contribution=float(ratio(conversions, users)),
        conversion_rate=0.25 if conversions else 0,
        under_review=under_review,
    )


def build_honest_k() -> CohortKHeadline:
    """Cohort K of two weeks, which is no clear change from the two before."""
    weeks = {"week_from": "2026-W02", "week_to": "2026-W03", "users": 137, "interval": Interval(low=0.22, high=0.64)}
    before = CohortKWeeks(**weeks, k_cohort=0.4, k_conversions=0.1)
    first, last = date(2026, 1, 5), date(2026, 1, 18)
    return CohortKHeadline(
        **weeks,
        k_cohort=0.42,
        k_conversions=0.1,
        first_day=first,
        last_day=last,
        previous=before,
        verdict="no_clear_change",
    )


def build_attacked_facts(now: Counts = GOOD_WEEK, **fields: Any) -> ReportFacts:
    """A week in which K rose, but only by flagged conversions: eve and mallory are credited with them in one loop."""
    change = HonestChange(
        raw=0.194,
        honest=-0.006,
        flagged=0.2,
        verdict="no_clear_change",
        by_factor=FactorEffects(invites_per_user=0.02, conversions_per_invite=-0.026),
        by_loop=[LoopEffect(source="parent_share", name="Parent share", effect=-0.006)],
        k_factor_clean=0.544,
        previous_k_factor_clean=0.55,
        flagged_conversions=200,
        culprits=[Culprit(referrer_id="eve", conversions=150), Culprit(referrer_id="mallory", conversions=40)],
        total_culprits=3,
        open_cases=2,
    )
    loops = [format_loop("buddy_challenge", 500, 2400, 405, 450, flagged=200), *LOOPS[1:]]
    referrers = [build_referrer("eve", 9, 150, under_review=True), *(build_referrer(*row) for row in REFERRERS)]
    attacked = {"change": change, "k_factor_clean": 0.544, "loops": loops, "top_referrers": referrers}
    return build_facts(now, **attacked | fields)


def build_restatement() -> Restatement:
    """A report with a lower K clean was replaced: a case was judged legitimate, and conversions came in late."""
    old = build_facts(k_factor_clean=0.6, health_score=88.0, health_status="good")
    case = RestatingCase(case_id=5, kind="network", rules=["over_limit"], change="legitimate", conversions=9)
    return Restatement(
        report_id=3,
        snapshot_at=SNAPSHOT_AT,
        figures=old.figures,
        cases=[case],
        total_cases=1,
        late_invites=0,
        late_clicks=12,
        late_conversions=-1,
        late_content=False,
    )


def build_funnel(*steps: tuple[str, int]) -> list[FunnelStepInReport]:
    """The funnel with these people at each step."""
    first, before = steps[0][1], steps[0][1]
    funnel = []
    for name, people in steps:
        rates = float(ratio(people, before)), float(ratio(people, first))
        funnel.append(FunnelStepInReport(name=name, people=people, step_rate=rates[0], overall_rate=rates[1]))
        before = people
    return funnel


def build_timeline(k_factors: tuple[float, ...] = (0.5, 0.55, 0.62, 0.58, 0.7, 0.81, 0.77)) -> list[DayInReport]:
    """One date for each K, from the Monday on."""
    return [
        DayInReport(date=MONDAY + timedelta(days=number), invites=170, clicks=740, conversions=100, k_factor=k_factor)
        for number, k_factor in enumerate(k_factors)
    ]
