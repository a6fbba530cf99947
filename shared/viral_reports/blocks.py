"""The parts of a report as plain texts and shares, shared by web page and PDF."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from viral_contract.models.growth import LoopPerformance, Trend, Verdict
from viral_contract.models.guardrails import DEDUCTION_LABELS
from viral_contract.models.reports import Insight, ReferrerInReport, ReportFacts
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


@dataclass(frozen=True)
class Kpi:
    """One figure with its comparison; `trend` is empty if there is none."""

    label: str
    value: str
    note: str
    trend: Trend | Literal[""] = ""


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
    """The key figures."""
    now, before = facts.current, facts.previous
    k_trend, rate_trend = _find_trends(facts)
    return [
        Kpi("K-factor", format_k_of(facts), _format_k_note(facts), k_trend),
        Kpi("Conversions", format_count(now.total_conversions), _format_before(facts, before.total_conversions)),
        Kpi("Conversion rate", format_rate(now.conversion_rate), _format_rate_note(facts), rate_trend),
        Kpi("Active users", _format_users(facts), _format_users_note(facts)),
        Kpi("Invites created", format_count(now.viral_links_created), _format_before(facts, before.total_invites)),
        Kpi("Invites clicked", format_count(now.viral_links_clicked), _format_clicked_note(facts)),
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


def _find_trends(facts: ReportFacts) -> tuple[Trend | Literal[""], Trend | Literal[""]]:
    if not (facts.has_data and facts.is_over):
        return "", ""
    return "" if facts.k_is_partial else facts.k_factor_trend, facts.conversion_trend


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
    return f"{format_change(facts.k_factor_change_pct)}, {_VERDICTS[facts.k_factor_verdict]}"


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
    return f"{format_rate(facts.current.viral_links_clicked / created)} of created" if created else "no invites created"


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
    return max([_VIRAL * 1.25, *(loop.k_factor for loop in facts.loops)])


def build_loop_bars(facts: ReportFacts) -> list[Bar]:
    """The loops with the highest K; a strong loop sustains itself."""
    scale = find_loop_scale(facts)
    return [
        Bar(format_name(loop.name), format_k(loop.k_factor), "", loop.k_factor / scale, loop.k_factor >= _VIRAL)
        for loop in facts.loops[:MOST_LOOP_BARS]
    ]


def build_loop_table(facts: ReportFacts) -> Table:
    """Every loop with its counts and the previous period's K."""
    before = {loop.source: loop.k_factor for loop in facts.previous_loops}
    more = len(facts.loops) - MOST_LOOP_ROWS
    return Table(
        ("Loop", "Invites", "Clicks", "Conversions", "Users", "Rate", "K", "Previous K"),
        [_format_loop(loop, before) for loop in facts.loops[:MOST_LOOP_ROWS]],
        f"{format_count(more)} more in the CSV export" if more > 0 else "",
    )


def _format_loop(loop: LoopPerformance, before: dict[str, float]) -> tuple[str, ...]:
    counts = (loop.invites, loop.clicks, loop.conversions, loop.active_users)
    k_before = format_k(before[loop.source]) if loop.source in before else "–"
    return (
        format_name(loop.name),
        *map(format_count, counts),
        format_rate(loop.conversion_rate),
        format_k(loop.k_factor),
        k_before,
    )


def rank_referrers(facts: ReportFacts) -> list[ReferrerInReport]:
    """The referrers with the most conversions; those under review behind all others."""
    return sorted(facts.top_referrers, key=lambda referrer: referrer.under_review)


def build_referrer_table(facts: ReportFacts) -> Table:
    """The referrers as they are ranked, with a mark at those that are not."""
    return Table(
        ("Referrer", "Invites", "Conversions", "Conversion rate", "Contribution to K"),
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
