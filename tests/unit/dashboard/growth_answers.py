"""Builds answers about growth and reports: defaults for everything, override what matters."""

from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel

from dashboard.data import GrowthSnapshot
from metrics_api.growth.clean import Flagged
from metrics_api.growth.k_factor import Compared, Counts, FlaggedOfBoth, explain_change, format_counts, split_change
from metrics_api.growth.loops import format_loop
from tests.support.answers import NOW, PERIOD
from tests.support.report_facts import GOOD_WEEK, WEEK_BEFORE, build_facts
from viral_contract.models.cohort_k import CohortK, CohortKAnswer, CohortKHeadline, CohortKWeeks
from viral_contract.models.growth import (
    Cohort,
    CohortsAnswer,
    CycleTimeAnswer,
    FunnelAnswer,
    FunnelStep,
    Interval,
    KFactorAnswer,
    LoopsAnswer,
    PreviousCounts,
    ReferrerPerformance,
    ReferrersAnswer,
)
from viral_contract.models.period import Period
from viral_contract.models.reports import Insight, Report, ReportFacts, ReportsAnswer, ReportSummary
from viral_contract.models.series import SeriesAnswer, SeriesPoint
from viral_contract.models.spread import CurvePoint, KWithoutTop, SpreadAnswer

COMMON: dict[str, Any] = {"period": PERIOD, "computed_at": PERIOD.ends_before}
MONDAY = date(2026, 3, 2)
_NOTHING = Flagged(network_clicks=0, device_clicks=0, suspect={})
_NOTHING_FLAGGED = FlaggedOfBoth(_NOTHING, _NOTHING)


def build_k_factor(now: Counts = GOOD_WEEK, before: Counts = WEEK_BEFORE, **fields: Any) -> KFactorAnswer:
    """K of two periods; the split of its change is that of the API."""
    given = {
        **format_counts(now).model_dump(),
        "previous": PreviousCounts(
            **format_counts(before).model_dump(), period=PERIOD.previous(), k_factor_clean=float(before.k_factor)
        ),
        "trend": "up",
        "change_pct": 35.3,
        "compared": Compared(PERIOD, now, before).format(PERIOD.previous()),
        "k_factor_clean": 0.7,
        "removed_conversions": 44,
        "why": explain_change(now, before),
        "change": split_change(Compared(PERIOD, now, before), _NOTHING_FLAGGED, PERIOD.previous()),
    }
    return KFactorAnswer.model_validate({**COMMON, **given, **fields})


def build_cohort_k(*k_cohorts: float | None, matured: int = 2, **headline: Any) -> CohortKAnswer:
    """A week of 100 users for each K, of none where it is None; the first ones are matured."""
    cohorts = [
        CohortK(
            week=f"2026-W{10 + at}",
            week_start=MONDAY + timedelta(weeks=at),
            users=100 if k_cohort is not None else 0,
            matured=at < matured,
            share_inviting=0.25,
            invites_per_inviter=3.2,
            referred_signups=round(100 * (k_cohort or 0)),
            referred_conversions=10,
            k_cohort=k_cohort or 0,
            interval=None if k_cohort is None else Interval(low=k_cohort - 0.1, high=k_cohort + 0.1),
            k_conversions=0.1,
        )
        for at, k_cohort in enumerate(k_cohorts)
    ]
    known = [each for each in cohorts if each.matured and each.users]
    return CohortKAnswer(
        computed_at=NOW,
        end=PERIOD.end,
        days=28,
        thresholds={},
        cohorts=cohorts,
        headline=build_headline(known[0].week_start, known[-1].week_start, **headline) if known else None,
    )


def build_headline(first: date = MONDAY, last: date = MONDAY, **fields: Any) -> CohortKHeadline:
    """K of 0.44 after 0.36, which is no clear change."""
    previous = CohortKWeeks(
        week_from="2026-W02", week_to="2026-W05", users=410, k_cohort=0.36, interval=None, k_conversions=0.08
    )
    given: dict[str, Any] = {
        "week_from": "2026-W10",
        "week_to": "2026-W11",
        "users": 526,
        "k_cohort": 0.44,
        "interval": Interval(low=0.37, high=0.52),
        "k_conversions": 0.1,
        "first_day": first,
        "last_day": last + timedelta(days=6),
        "previous": previous,
        "verdict": "no_clear_change",
    }
    return CohortKHeadline(**{**given, **fields})


def build_spread(**fields: Any) -> SpreadAnswer:
    """100 users; 5 of them bring half of the conversions."""
    points = ((0, 0), (0.05, 0.5), (0.44, 1), (1, 1))
    given: dict[str, Any] = {
        "thresholds": {},
        "referrers": 100,
        "mean": 0.44,
        "dispersion_k": 0.31,
        "interval": Interval(low=0.24, high=0.4),
        "without_strongest": 0.43,
        "without_top": [
            KWithoutTop(share=0.01, k=0.43, referrers=1),
            KWithoutTop(share=0.05, k=0.22, referrers=5),
        ],
        "half_from": 5,
        "curve": [CurvePoint(referrers=users, conversions=brought) for users, brought in points],
    }
    return SpreadAnswer(**{**COMMON, **given, **fields})


def build_funnel(*people: int, invites: int = 1200) -> FunnelAnswer:
    """The five steps with these people; the interval is the same everywhere."""
    names = ("clicked", "visited", "signed_up", "converted", "activated")
    before = [people[0], *people]
    steps = [
        FunnelStep.model_validate(
            {
                "name": name,
                "count": count,
                "step_rate": count / (last or 1),
                "overall_rate": count / (people[0] or 1),
                "step_rate_interval": {"low": 0.1, "high": 0.2} if last else None,
            }
        )
        for name, count, last in zip(names, people, before, strict=False)
    ]
    return FunnelAnswer(**COMMON, source=None, invites=invites, steps=steps)


def build_cohorts(*cohorts: tuple[int, list[float | None]]) -> CohortsAnswer:
    """Cohorts of successive weeks, each with its users and retention."""
    rows = [
        Cohort(week=f"2026-W{10 + at}", week_start=MONDAY + timedelta(weeks=at), users=users, retention=shares)
        for at, (users, shares) in enumerate(cohorts)
    ]
    return CohortsAnswer(computed_at=NOW, weeks=8, cohorts=rows)


def build_cycle_time(**fields: Any) -> CycleTimeAnswer:
    """65 pairs, half of which took no more than 30 hours."""
    return CycleTimeAnswer(**{**COMMON, "median_hours": 30.0, "p75_hours": 96.0, "pairs": 65, "open": 12, **fields})


def build_referrers(rows: int = 2, **fields: Any) -> ReferrersAnswer:
    """Referrers a&b-1, a&b-2 and so on, whose names need quoting in addresses."""
    referrers = [
        ReferrerPerformance(
            referrer_id=f"a&b-{number}",
            invites=3,
            clicks=41,
            conversions=11,
            k_contribution=0.0451,
            k_contribution_clean=0.0369,
            flagged_conversions=2,
            conversion_rate=11 / 41,
            conversion_rate_interval=None,
        )
        for number in range(1, rows + 1)
    ]
    return ReferrersAnswer(**{**COMMON, "referrers": referrers, "total_referrers": 99, "next_cursor": None, **fields})


def build_loops() -> LoopsAnswer:
    """A loop without fraud, a larger one with much, and one that brings nobody."""
    loops = [
        format_loop("parent_share", 20, 80, 10, 10),
        format_loop("buddy_challenge", 500, 2400, 900, 450, flagged=630),
        format_loop("prep_pack", 0, 9, 0, 0),
    ]
    return LoopsAnswer(**COMMON, loops=loops, total_loops=len(loops), next_cursor=None)


def build_series(*values: float, **fields: Any) -> SeriesAnswer:
    """Clicks of the days up to today, of which 100 were expected, with limits of 60 and 140."""
    counts = values or (100, 110, 90)
    points = [
        SeriesPoint(
            date=NOW.date() - timedelta(days=len(counts) - 1 - at),
            value=value,
            expected=100,
            low=60,
            high=140,
            holiday=None,
            z=(value - 100) / 10 if at < len(counts) - 1 else None,
            is_over=at < len(counts) - 1,
            is_change=False,
        )
        for at, value in enumerate(counts)
    ]
    period = Period.between(points[0].date, points[-1].date)
    given = {"metric": "clicks", "source": None, "points": points, "changes": []}
    return SeriesAnswer(**{**COMMON, "period": period, **given, **fields})


def build_snapshot(**answers: BaseModel) -> GrowthSnapshot:
    """Everything of the growth page."""
    given: dict[str, Any] = {
        "k_factor": build_k_factor(),
        "cohort_k": build_cohort_k(None, 0.44, 0.41, 0.3, matured=3),
        "spread": build_spread(),
        "series": build_series(),
        "funnel": build_funnel(4000, 3100, 1240, 744, 496),
        "loops": build_loops(),
        "cohorts": build_cohorts((0, [None, None]), (50, [1.0, 0.4]), (20, [None])),
        "cycle_time": build_cycle_time(),
        "referrers": build_referrers(),
    }
    return GrowthSnapshot(**{**given, **answers}, search="?days=7")


def build_growth() -> dict[str, BaseModel]:
    """The answers by the last part of their path."""
    snapshot = build_snapshot()
    return {
        "k-factor": snapshot.k_factor,
        "cohort-k": snapshot.cohort_k,
        "spread": snapshot.spread,
        "series": snapshot.series,
        "funnel": snapshot.funnel,
        "loops": snapshot.loops,
        "cohorts": snapshot.cohorts,
        "cycle-time": snapshot.cycle_time,
        "referrers": build_referrers(next_cursor="page-2"),
    }


def build_report(number: int = 1, *, facts: ReportFacts | None = None, **fields: Any) -> Report:
    """A finished weekly report."""
    facts = facts or build_facts()
    given: dict[str, Any] = {
        "id": number,
        "report_type": facts.report_type,
        "period_start": facts.period_start,
        "period_end": facts.period_end,
        "status": "ready",
        "progress_pct": 100,
        "progress_step": "ready",
        "attempt": 1,
        "max_attempts": 3,
        "last_error": None,
        "requested_by": "ana@example.com",
        "created_at": NOW,
        "finished_at": NOW,
        "k_factor": facts.current.k_factor,
        "k_factor_trend": facts.k_factor_trend,
        "k_factor_verdict": facts.verdict,
        "health_score": facts.health_score,
        "delivery_status": "none",
        "insights": [
            Insight(rule="k_factor_trend", text="K rose <b>much</b>.", effect=0.19, low=0.1, high=0.28, sample=1000)
        ],
        "recommendations": ["Show the strongest loop to more users."],
        "written_by": "rules",
        "facts": facts,
    }
    return Report(**{**given, **fields})


def build_run(number: int = 1, **fields: Any) -> Report:
    """A run that has not come to an end."""
    unknown = dict.fromkeys(("k_factor", "k_factor_trend", "health_score", "finished_at", "written_by"))
    given = {"status": "running", "progress_pct": 40, "progress_step": "writing insights", "insights": []}
    report = build_report(number, **{**unknown, **given, **fields})
    return report.model_copy(update={"facts": None})


def build_reports(*reports: Report, next_cursor: str | None = None) -> ReportsAnswer:
    """The list of these reports."""
    rows = [
        ReportSummary.model_validate(report.model_dump(include=set(ReportSummary.model_fields))) for report in reports
    ]
    return ReportsAnswer(reports=rows, total_reports=len(rows), next_cursor=next_cursor)
