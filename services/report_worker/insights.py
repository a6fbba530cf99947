"""Insights by rules: each rule reads the facts and writes one finding, or none.

A difference is called a change only if intervals and sample size allow it; the facts contain that verdict.
"""

from collections.abc import Callable, Sequence

from report_worker.comparisons import conversion_change, k_factor_trend
from viral_contract.models.cohort_k import CohortKHeadline
from viral_contract.models.growth import LoopPerformance
from viral_contract.models.period import Period
from viral_contract.models.reports import Insight, ReportFacts, clean_k_of
from viral_reports.figures import (
    format_count,
    format_counted,
    format_distance_to_viral,
    format_k,
    format_k_of_hundred,
    format_name,
    format_period,
    format_points,
    format_rate,
)

VIRAL = 1.0
HEALTH_WARNING_BELOW = 75
SMALL_SAMPLE = 30

Rule = Callable[[ReportFacts], Insight | None]
STEPS = {
    "clicked": "clicked an invite",
    "visited": "visited",
    "signed_up": "signed up",
    "converted": "converted",
    "activated": "became active",
}
DEDUCTIONS = {
    "fraud": "fraud",
    "bot_behavior": "bots",
    "opt_out_rate": "unopened shares and links",
    "coppa_violations": "personal information in shared content",
}


def write_insights(facts: ReportFacts) -> list[Insight]:
    """At least five findings if there is data, else three."""
    rules = RULES if facts.has_data else RULES_WITHOUT_DATA
    return [insight for rule in rules if (insight := rule(facts)) is not None]


def viral_threshold(facts: ReportFacts) -> Insight:
    """Whether K has reached 1, at which growth sustains itself, or the distance to it."""
    counts, honest = facts.current, facts.honest_k
    if honest is not None:
        low, high = (honest.interval.low, honest.interval.high) if honest.interval else (None, None)
        text = _describe_honest_k(facts, honest)
        return Insight(
            rule="viral_threshold", text=text, effect=honest.k_cohort, low=low, high=high, sample=honest.users
        )
    interval = counts.k_factor_interval if facts.k_factor_clean == counts.k_factor else None
    return Insight(
        rule="viral_threshold",
        text=_describe_k(facts),
        effect=facts.k_factor_clean,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        sample=counts.active_users,
    )


def _describe_honest_k(facts: ReportFacts, honest: CohortKHeadline) -> str:
    shown, per_hundred = format_k(honest.k_cohort), format_k_of_hundred(honest.k_cohort)
    if honest.k_cohort >= VIRAL:
        lead = f"Growth carries itself: honest K is {shown}, at or above 1.00."
    else:
        distance = format_distance_to_viral(honest.k_cohort)
        lead = f"Honest K is {shown}, {distance} below the 1.00 at which growth carries itself."
    users = format_counted(honest.users, "user")
    text = f"{lead} Every 100 users bring in {per_hundred} new ones within 28 days of signing up ({users})."
    if facts.k_is_known and facts.current.total_invites:
        text += f" The K-factor of this period is {format_k(facts.current.k_factor)}."
    return text


def _describe_k(facts: ReportFacts) -> str:
    counts = facts.current
    if counts.total_invites == 0:
        text = "No invites were created, so K is 0. Growth turns viral at K 1.00."
        if counts.total_conversions:
            text += f" Earlier invites led to {format_counted(counts.total_conversions, 'conversion')}."
        return text
    if counts.is_partial and not counts.active_users:
        return "Only totals are kept for this period, so the K-factor is not available."
    k_factor = facts.k_factor_clean
    shown, per_hundred = format_k(k_factor), format_k_of_hundred(k_factor)
    if k_factor != counts.k_factor:
        shown += " without flagged conversions"
    brought = f"Every 100 inviting users bring in {per_hundred} conversions{_caveat(counts.active_users)}."
    if k_factor >= VIRAL:
        return f"Growth is viral: K is {shown}, at or above the 1.00 threshold. {brought}"
    distance = format_distance_to_viral(k_factor)
    return f"K is {shown}, {distance} below the viral threshold of 1.00. {brought}"


def clean_growth(facts: ReportFacts) -> Insight | None:
    """How much of K comes from flagged activity, and who is credited with it."""
    k_factor, clean = facts.current.k_factor, facts.k_factor_clean
    if format_k(k_factor) == format_k(clean):
        return None
    text = f"Excluding flagged conversions, K is {format_k(clean)} instead of {format_k(k_factor)}"
    text += ". It reaches 1.00 only with flagged traffic." if clean < VIRAL <= k_factor else "."
    text += _name_culprits(facts)
    return Insight(rule="clean_growth", text=text, effect=clean - k_factor, sample=facts.current.active_users)


def _name_culprits(facts: ReportFacts) -> str:
    change = facts.change
    if change is None or not change.culprits:
        return ""
    named = [f"{format_name(each.referrer_id)} ({format_count(each.conversions)})" for each in change.culprits]
    more = change.total_culprits - len(named)
    others = f" and {format_counted(more, 'other')}" if more > 0 else ""
    return f" Flagged conversions are credited to {', '.join(named)}{others}."


def top_loop(facts: ReportFacts) -> Insight:
    """The loop with the highest K without flagged conversions; one under review is not ranked."""
    inviting = [loop for loop in facts.loops if loop.active_users]
    if not inviting:
        return Insight(rule="top_loop", text=_describe_no_loop(facts.loops))
    ranked = [loop for loop in facts.ranked_loops if loop.active_users]
    if not ranked:
        return Insight(rule="top_loop", text="All loops with invites are under review.")
    best, k_factor = ranked[0], clean_k_of(ranked[0])
    share = _share(best.conversions, facts.current.total_conversions) + " conversions"
    text = (
        f"{_introduce_loop(best, inviting)}: K {format_k(k_factor)} from "
        f"{format_counted(best.active_users, 'inviting user')}{_caveat(best.active_users)}, {share}."
    )
    reviewed = ", ".join(format_name(loop.name) for loop in inviting if loop.is_under_review)
    text += f" Under review and not ranked: {reviewed}." if reviewed else ""
    return Insight(rule="top_loop", text=text, effect=k_factor, sample=best.active_users)


def _introduce_loop(best: LoopPerformance, inviting: Sequence[LoopPerformance]) -> str:
    name = format_name(best.name)
    return f"{name} is the strongest loop" if len(inviting) > 1 else f"{name} is the only loop with invites"


def _describe_no_loop(loops: list[LoopPerformance]) -> str:
    if any(loop.invites for loop in loops):
        return "Only totals are kept for this period, so loops can't be compared."
    clicked = [loop for loop in loops if loop.clicks and not loop.is_under_review]
    if not clicked:
        return "No invites, clicks or conversions are tagged with a loop, so loops can't be compared."
    best = max(clicked, key=lambda loop: loop.clicks)
    clicks = format_counted(best.clicks, "click")
    return f"No loop had new invites. Earlier {format_name(best.name)} invites brought {clicks}."


def health(facts: ReportFacts) -> Insight:
    """How far the figures can be trusted; a warning if the health score is below 75."""
    if facts.health_score is None:
        text = "The health score is not available: only totals are kept for some dates, not what was flagged."
        return Insight(rule="health", text=text)
    score = format_points(facts.health_score)
    reason = _largest_deduction(facts)
    if facts.health_score < HEALTH_WARNING_BELOW:
        text = f"Warning: the health score is {score}, below {HEALTH_WARNING_BELOW}. {reason}"
    else:
        text = f"The health score is {score} ({facts.health_status}). {reason}"
    return Insight(rule="health", text=text, effect=facts.health_score)


def _largest_deduction(facts: ReportFacts) -> str:
    name, points = max(facts.deductions.items(), key=lambda item: item[1], default=("", 0.0))
    if points <= 0:
        return "There are no deductions."
    return f"The largest deduction is for {DEDUCTIONS.get(name, name)}: {format_points(points)} points."


def top_referrer(facts: ReportFacts) -> Insight:
    """The referrer with the most conversions; one under review is not ranked."""
    found = [referrer for referrer in facts.top_referrers if referrer.conversions]
    credited = [referrer for referrer in found if not referrer.under_review]
    if not credited and facts.current.is_partial:
        return Insight(rule="top_referrer", text="Top referrers are not available: only totals are kept.")
    if not credited and found:
        return Insight(rule="top_referrer", text="All referrers with conversions are under review.")
    if not credited:
        return Insight(rule="top_referrer", text="No conversions were credited to a referrer.")
    best = max(credited, key=lambda referrer: referrer.conversions)
    total = facts.current.total_conversions
    lead = "is the top referrer" if len(credited) > 1 else "is the only referrer with conversions"
    conversions = format_counted(best.conversions, "conversion")
    text = f"{format_name(best.id)} {lead}: {conversions}, {_share(best.conversions, total)}."
    return Insight(rule="top_referrer", text=text, effect=best.k_contribution, sample=total)


def largest_loss(facts: ReportFacts) -> Insight | None:
    """The funnel step that loses the largest share of people; while the period lasts, they may still continue."""
    if not facts.is_over:
        return None
    pairs = [pair for pair in zip(facts.funnel, facts.funnel[1:], strict=False) if pair[0].people >= SMALL_SAMPLE]
    if not pairs:
        return None
    before, after = min(pairs, key=lambda pair: pair[1].step_rate)
    if after.step_rate >= 1:
        return None
    came, went_on = STEPS.get(before.name, before.name), STEPS.get(after.name, after.name)
    text = (
        f"Biggest funnel drop-off: of {format_count(before.people)} people who {came}, "
        f"{format_count(after.people)} {went_on} ({format_rate(after.step_rate)})."
    )
    return Insight(rule="largest_loss", text=text, effect=after.step_rate, sample=before.people)


def opened_invites(facts: ReportFacts) -> Insight | None:
    """The share of the period's invites that were clicked."""
    created, clicked = facts.current.viral_links_created, facts.current.viral_links_clicked
    if created == 0:
        return None
    share = format_rate(clicked / created)
    text = f"{format_count(clicked)} of {format_counted(created, 'invite')} were clicked ({share})."
    return Insight(rule="opened_invites", text=text, effect=clicked / created, sample=created)


def no_data(facts: ReportFacts) -> Insight:
    """That there is no data, which is not a judgment."""
    period = format_period(Period.between(facts.period_start, facts.period_end))
    if not facts.is_over:
        text = f"No data yet: nothing has been recorded for {period}, which is still in progress."
    else:
        text = f"No data: nothing was recorded for {period}, so there is nothing to evaluate."
    return Insight(rule="no_data", text=text)


def no_growth(facts: ReportFacts) -> Insight:
    """K of a period without data, and that of the previous period."""
    text = "With no invites or conversions, K is 0."
    if facts.previous.total_invites and facts.is_over and not facts.k_is_partial:
        text += f" In the previous period it was {format_k(facts.previous.k_factor)}."
    return Insight(rule="viral_threshold", text=text, effect=0, sample=0)


def health_unknown(_facts: ReportFacts) -> Insight:
    """That the score of a period without data means nothing."""
    text = "No data for the health score or compliance: nothing was checked."
    return Insight(rule="health", text=text, sample=0)


def _share(part: int, whole: int) -> str:
    return f"{format_rate(part / whole if whole else 0)} of all"


def _caveat(sample: int) -> str:
    return "" if sample >= SMALL_SAMPLE else " (small sample)"


RULES: tuple[Rule, ...] = (
    viral_threshold,
    clean_growth,
    k_factor_trend,
    conversion_change,
    top_loop,
    health,
    top_referrer,
    largest_loss,
    opened_invites,
)
RULES_WITHOUT_DATA: tuple[Rule, ...] = (no_data, no_growth, health_unknown)
