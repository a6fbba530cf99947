"""The parts of a report as plain texts and shares, shared by web page and PDF."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from viral_contract.models.growth import GrowthCounts, LoopPerformance, Verdict
from viral_contract.models.guardrails import DEDUCTION_LABELS
from viral_contract.models.period import Period
from viral_contract.models.reports import Insight, ReferrerInReport, ReportFacts, clean_k_of, rank_loop
from viral_reports.figures import (
    format_change,
    format_count,
    format_counted,
    format_k,
    format_name,
    format_points,
    format_rate,
    format_signed,
)

MOST_LOOP_BARS = 8
MOST_LOOP_ROWS = 20
_VIRAL = 1.0
_NOT_OVER = "period in progress"
_STEP_NAMES = {"signed_up": "Signed up"}
_VERDICTS: dict[Verdict, str] = {
    "up": "more than chance",
    "down": "more than chance",
    "no_clear_change": "no clear change",
    "too_few_to_say": "not enough data",
}


Direction = Literal["up", "down", ""]


@dataclass(frozen=True)
class Kpi:
    """One figure with its comparison; `trend` is empty unless the change is more than chance."""

    label: str
    value: str
    note: str
    trend: Direction = ""


@dataclass(frozen=True)
class Bar:
    """A bar that fills `share` (0..1) of its track."""

    label: str
    value: str
    note: str
    share: float
    is_strong: bool = True


@dataclass(frozen=True)
class Finding:
    """An insight with its basis."""

    text: str
    basis: str


@dataclass(frozen=True)
class Table:
    """A table with names in the first column and figures in the others."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    more: str = ""


def build_kpis(facts: ReportFacts) -> list[Kpi]:
    """The key figures, those of K first."""
    now, before = facts.current, facts.previous
    return [*build_k_kpis(facts), *_build_counts(facts, now, before)]


def build_k_kpis(facts: ReportFacts) -> list[Kpi]:
    """Honest K, K without flagged conversions, and the K-factor under its window."""
    days = Period.between(facts.period_start, facts.period_end).days
    window = format_counted(days, "day")
    return [
        Kpi("Honest K", _format_honest_k(facts), _format_honest_note(facts), _find_honest_direction(facts)),
        Kpi(f"K clean, {window}", _format_clean_of(facts), _format_clean_note(facts), _find_direction(facts)),
        Kpi(f"K-factor, {window}", format_k_of(facts), _format_k_note(facts)),
    ]


def _build_counts(facts: ReportFacts, now: GrowthCounts, before: GrowthCounts) -> list[Kpi]:
    rate = facts.conversion_verdict if facts.has_data and facts.is_over else None
    return [
        Kpi("Conversions", format_count(now.total_conversions), _format_before(facts, before.total_conversions)),
        Kpi("Conversion rate", format_rate(now.conversion_rate), _format_rate_note(facts), to_direction(rate)),
        Kpi("Active users", _format_users(facts), _format_users_note(facts)),
        Kpi("Invites created", format_count(now.viral_links_created), _format_clicked_note(facts)),
        Kpi("COPPA compliance", format_compliance(facts), "of shares and reels"),
        Kpi("Fraud flags", format_fraud_flags(facts), _format_flags_note(facts)),
    ]


def format_compliance(facts: ReportFacts) -> str:
    """The compliance rate; a period without data has none."""
    return facts.missing if facts.compliance_rate is None else format_rate(facts.compliance_rate)


def format_fraud_flags(facts: ReportFacts) -> str:
    """The flagged IP addresses and devices, if known."""
    return facts.missing if facts.fraud_flags is None else format_count(facts.fraud_flags)


def format_score(facts: ReportFacts) -> str:
    """The health score, if there is one."""
    return facts.missing if facts.health_score is None else format_points(facts.health_score)


def format_score_before(facts: ReportFacts) -> str:
    """The previous period's score, if there is one."""
    return "–" if facts.previous_health_score is None else format_points(facts.previous_health_score)


def to_direction(verdict: Verdict | None) -> Direction:
    """The arrow of a change: none unless it is more than chance."""
    if verdict == "up" or verdict == "down":
        return verdict
    return ""


def _find_direction(facts: ReportFacts) -> Direction:
    return to_direction(facts.verdict) if _is_compared(facts) else ""


def _find_honest_direction(facts: ReportFacts) -> Direction:
    return to_direction(facts.honest_k.verdict) if facts.honest_k else ""


def _is_compared(facts: ReportFacts) -> bool:
    return facts.has_data and facts.is_over and facts.previous.total_invites > 0 and not facts.k_is_partial


def _format_honest_k(facts: ReportFacts) -> str:
    return format_k(facts.honest_k.k_cohort) if facts.honest_k else "–"


def _format_honest_note(facts: ReportFacts) -> str:
    honest = facts.honest_k
    if honest is None:
        return "needs signups of 5 weeks ago"
    before = f"from {format_k(honest.previous.k_cohort)}, " if honest.previous else ""
    return f"{before}{_VERDICTS[honest.verdict]}"


def _format_clean_of(facts: ReportFacts) -> str:
    return format_k(facts.k_factor_clean) if facts.k_is_known else facts.missing


def _format_clean_note(facts: ReportFacts) -> str:
    if not facts.is_over:
        return _NOT_OVER
    if not _is_compared(facts):
        return "no previous data"
    change = facts.change
    shown = format_signed(change.honest, decimals=2) if change else format_change(facts.k_factor_change_pct)
    return f"{shown}, {_VERDICTS[facts.verdict]}"


def format_k_of(facts: ReportFacts) -> str:
    """The period's K, if known."""
    return format_k(facts.current.k_factor) if facts.k_is_known else facts.missing


def _format_users(facts: ReportFacts) -> str:
    return format_count(facts.current.active_users) if facts.k_is_known else facts.missing


def _format_before(facts: ReportFacts, count: int) -> str:
    return f"{format_count(count)} previously" if facts.is_over else _NOT_OVER


def _format_k_note(facts: ReportFacts) -> str:
    if not facts.is_over:
        return _NOT_OVER
    if not facts.previous.total_invites or facts.k_is_partial:
        return "no previous data"
    if facts.change is None:
        return f"from {format_k(facts.previous.k_factor)}"
    raw, flagged = (format_signed(each, decimals=2) for each in (facts.change.raw, facts.change.flagged))
    return f"{raw}, {flagged} of it flagged"


def _format_users_note(facts: ReportFacts) -> str:
    if facts.k_is_partial:
        return "no previous data"
    return _format_before(facts, facts.previous.active_users)


def _format_rate_note(facts: ReportFacts) -> str:
    if not facts.is_over:
        return _NOT_OVER
    if not facts.previous.total_clicks:
        return "no previous data"
    return f"{format_change(facts.conversion_change_pct)}, {_VERDICTS[facts.conversion_verdict]}"


def _format_clicked_note(facts: ReportFacts) -> str:
    created = facts.current.viral_links_created
    if not created:
        return "no invites created"
    clicked = facts.current.viral_links_clicked
    return f"{format_count(clicked)} clicked ({format_rate(clicked / created)})"


def _format_flags_note(facts: ReportFacts) -> str:
    if facts.flagged_ips is None or facts.flagged_devices is None:
        return "only totals kept" if facts.has_data else "nothing checked"
    return f"{format_counted(facts.flagged_ips, 'IP')}, {format_counted(facts.flagged_devices, 'device')}"


def build_findings(insights: Sequence[Insight]) -> list[Finding]:
    """The insights, each with its rule, interval and sample."""
    return [Finding(insight.text, _format_basis(insight)) for insight in insights]


def _format_basis(insight: Insight) -> str:
    parts = [f"Rule: {insight.rule.replace('_', ' ')}"]
    if insight.effect is not None and insight.low is not None and insight.high is not None:
        parts.append(f"{_number(insight.effect)}, 95% interval {_number(insight.low)} to {_number(insight.high)}")
    if insight.sample is not None:
        parts.append(f"sample {format_count(insight.sample)}")
    return " · ".join(parts)


def _number(value: float) -> str:
    # Adding 0 turns a rounded negative zero into 0.
    return f"{round(value, 3) + 0:.3f}".replace("-", "−")


def build_funnel(facts: ReportFacts) -> list[Bar]:
    """The funnel's steps; empty if no one entered it."""
    if not facts.funnel or not facts.funnel[0].people:
        return []
    return [
        Bar(
            label=_STEP_NAMES.get(step.name, step.name.capitalize()),
            value=format_count(step.people),
            note="" if number == 0 else f"{format_rate(step.step_rate)} of previous step",
            share=min(step.overall_rate, 1),
        )
        for number, step in enumerate(facts.funnel)
    ]


def find_loop_scale(facts: ReportFacts) -> float:
    """The K at the end of a loop's track, at least 1, so that the line at 1 is always visible."""
    return max([_VIRAL * 1.25, *map(clean_k_of, facts.loops)])


def build_loop_bars(facts: ReportFacts) -> list[Bar]:
    """The loops with the highest K without flagged conversions, those under review last."""
    scale = find_loop_scale(facts)
    return [_build_loop_bar(loop, scale) for loop in rank_loops(facts)[:MOST_LOOP_BARS]]


def _build_loop_bar(loop: LoopPerformance, scale: float) -> Bar:
    k_factor = clean_k_of(loop)
    note = f"{format_counted(loop.flagged_conversions, 'conversion')} flagged" if loop.is_under_review else ""
    is_strong = k_factor >= _VIRAL and not loop.is_under_review
    return Bar(mark_review(loop), format_k(k_factor), note, k_factor / scale, is_strong)


def mark_review(loop: LoopPerformance) -> str:
    """A loop's name, with a mark if it is under review."""
    return format_name(loop.name) + (" (under review)" if loop.is_under_review else "")


def rank_loops(facts: ReportFacts) -> list[LoopPerformance]:
    """The ranked loops, and those under review behind all others."""
    return [*facts.ranked_loops, *sorted((loop for loop in facts.loops if loop.is_under_review), key=rank_loop)]


def build_loop_table(facts: ReportFacts) -> Table:
    """Every loop with its counts, its K without and with flagged conversions, and the former of the previous period."""
    before = {loop.source: clean_k_of(loop) for loop in facts.previous_loops}
    more = len(facts.loops) - MOST_LOOP_ROWS
    return Table(
        ("Loop", "Invites", "Clicks", "Conversions", "Users", "Rate", "K clean", "K", "Previous"),
        [_format_loop(loop, before) for loop in rank_loops(facts)[:MOST_LOOP_ROWS]],
        f"{format_count(more)} more in the CSV export" if more > 0 else "",
    )


def _format_loop(loop: LoopPerformance, before: dict[str, float]) -> tuple[str, ...]:
    counts = (loop.invites, loop.clicks, loop.conversions, loop.active_users)
    k_before = format_k(before[loop.source]) if loop.source in before else "–"
    return (
        mark_review(loop),
        *map(format_count, counts),
        format_rate(loop.conversion_rate),
        format_k(clean_k_of(loop)),
        format_k(loop.k_factor),
        k_before,
    )


def rank_referrers(facts: ReportFacts) -> list[ReferrerInReport]:
    """The referrers with the most conversions; those under review behind all others."""
    return sorted(facts.top_referrers, key=lambda referrer: referrer.under_review)


def build_referrer_table(facts: ReportFacts) -> Table:
    """The referrers as they are ranked, with a mark at those that are not."""
    return Table(
        ("Referrer", "Invites", "Conversions", "Conversion rate", "Adds to K"),
        [_format_referrer(referrer) for referrer in rank_referrers(facts)],
    )


def _format_referrer(referrer: ReferrerInReport) -> tuple[str, ...]:
    mark = " (under review)" if referrer.under_review else ""
    return (
        format_name(referrer.id) + mark,
        format_count(referrer.invites),
        format_count(referrer.conversions),
        format_rate(referrer.conversion_rate),
        f"{referrer.k_contribution:.3f}",
    )


def build_comparison(facts: ReportFacts) -> Table:
    """This period compared with the previous one."""
    now, before = facts.current, facts.previous
    rows = [
        *_compare_clean(facts),
        _compare_k(facts),
        _compare_counts(facts, "Invites", now.total_invites, before.total_invites),
        _compare_counts(facts, "Clicks", now.total_clicks, before.total_clicks),
        _compare_counts(facts, "Conversions", now.total_conversions, before.total_conversions),
        (
            "Conversion rate",
            format_rate(now.conversion_rate),
            format_rate(before.conversion_rate),
            f"{_difference(now.conversion_rate * 100, before.conversion_rate * 100, 1)} points"
            if facts.is_over
            else "–",
        ),
        _compare_users(facts),
        ("Health score", format_score(facts), format_score_before(facts), _compare_scores(facts)),
    ]
    return Table(("", "This period", "Previous", "Change"), rows)


def _compare_clean(facts: ReportFacts) -> list[tuple[str, ...]]:
    change = facts.change
    if change is None:
        return []
    before, now = format_k(change.previous_k_factor_clean), format_k(change.k_factor_clean)
    return [("K clean", now, before, format_signed(change.honest, decimals=2))]


def _compare_k(facts: ReportFacts) -> tuple[str, ...]:
    now, before = facts.current.k_factor, facts.previous.k_factor
    if facts.k_is_partial:
        return "K-factor", format_k_of(facts), "–", "–"
    return "K-factor", format_k(now), format_k(before), _difference(now, before, 2) if facts.is_over else "–"


def _compare_users(facts: ReportFacts) -> tuple[str, ...]:
    now, before = facts.current.active_users, facts.previous.active_users
    if facts.k_is_partial:
        return "Active users", _format_users(facts), "–", "–"
    return _compare_counts(facts, "Active users", now, before)


def _compare_counts(facts: ReportFacts, name: str, now: int, before: int) -> tuple[str, ...]:
    difference = format_signed(now - before, decimals=0) if facts.is_over else "–"
    return name, format_count(now), format_count(before), difference


def _compare_scores(facts: ReportFacts) -> str:
    now, before = facts.health_score, facts.previous_health_score
    return "–" if now is None or before is None or not facts.is_over else _difference(now, before, 1)


def _difference(now: float, before: float, decimals: int) -> str:
    return format_signed(now - before, decimals=decimals)


def build_deductions(facts: ReportFacts) -> Table:
    """The health score's deductions, line by line from 100."""
    rows = [
        (label, format_signed(-facts.deductions[name], decimals=1) if name in facts.deductions else facts.missing)
        for name, label in DEDUCTION_LABELS.items()
    ]
    start = [] if facts.health_score is None else [("Start", "100.0")]
    score = "Score" if facts.health_basis == "count" else "Score by share of clicks"
    return Table(("Deduction", "Points"), [*start, *rows, (score, format_score(facts))])
