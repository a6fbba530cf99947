"""Recommendations by rules, from the facts."""

from collections.abc import Callable

from report_worker.insights import HEALTH_WARNING_BELOW, SMALL_SAMPLE, VIRAL
from viral_contract.models.growth import LoopPerformance
from viral_contract.models.reports import ReportFacts, clean_k_of
from viral_reports.figures import (
    format_count,
    format_counted,
    format_k,
    format_name,
    format_points,
    format_rate,
)

WEAK_BELOW = 0.3
PROMISING_FROM = 0.7
_MOST_LOOPS = 3
_MUCH_OF_ALL = 0.5
_NOTABLE_SHARE = 0.05

Rule = Callable[[ReportFacts], str | None]
_AGAINST = {
    "fraud": "review the flagged IP addresses and add any schools to trusted networks",
    "bot_behavior": "review the flagged devices and rate-limit clicks faster than a person can make",
    "opt_out_rate": "find out which shares and links go unopened, and prompt for fewer of them",
    "coppa_violations": "remove the personal information found in shares and reels",
}


def write_recommendations(facts: ReportFacts) -> list[str]:
    """At least three if there is data, else two."""
    if not facts.has_data:
        return list(WITHOUT_DATA)
    return [text for rule in RULES if (text := rule(facts)) is not None]


def by_k_factor(facts: ReportFacts) -> str:
    """The recommendation for K's tier: below 0.3, below 0.7, below 1.0, or viral."""
    counts = facts.current
    name, k_factor = ("Honest K", facts.honest_k.k_cohort) if facts.honest_k else ("K", facts.k_factor_clean)
    if not facts.is_over:
        return "Wait until the period ends before acting on K. The newest invites can still lead to conversions."
    if counts.is_partial and not counts.active_users:
        return "K is not available for this period because only totals are kept. Look at a more recent one."
    if k_factor < WEAK_BELOW:
        return (
            f"{name} is below {WEAK_BELOW}: rework the invite itself first. Ask right after a success, say what the "
            "friend gets, and make it one tap to send."
        )
    factors = (
        f"{counts.avg_invites_per_user:.1f} invites per user, "
        f"{format_rate(_find_clean_rate(facts))} conversions per invite"
    )
    if k_factor < PROMISING_FROM:
        return (
            f"{name} is between {WEAK_BELOW} and {PROMISING_FROM}: the loops work but don't sustain growth yet. Test "
            f"one change at a time on the weaker factor ({factors})."
        )
    if k_factor < VIRAL:
        return (
            f"{name} is close to 1.0: remove friction between click and conversion{_promote_best(facts)} ({factors})."
        )
    return (
        f"{name} is at or above 1.0: protect what works. Change loops carefully, watch capacity, and check for fraud "
        "before investing more in growth."
    )


def _find_clean_rate(facts: ReportFacts) -> float:
    invites = facts.current.avg_invites_per_user
    return facts.k_factor_clean / invites if invites else 0


def _promote_best(facts: ReportFacts) -> str:
    """The strongest loop; one under review is never recommended."""
    best = next((loop for loop in facts.ranked_loops if loop.active_users), None)
    return f", and show {format_name(best.name)} to more users" if best else ""


def weak_loops(facts: ReportFacts) -> str:
    """For the loops with K below 0.3, or for the strongest one if there are none."""
    active = sum(loop.active_users > 0 for loop in facts.loops)
    if not active:
        return _describe_no_inviting(facts)
    if not facts.is_over:
        return "Compare loops once the period ends. Those with the newest invites can still gain conversions."
    inviting = [loop for loop in facts.ranked_loops if loop.active_users]
    if not inviting:
        return "Wait for the open cases to be decided before changing loops: all of them are under review."
    weak = sorted((loop for loop in inviting if clean_k_of(loop) < WEAK_BELOW), key=lambda loop: -loop.invites)
    if weak:
        return f"Rework or pause weak loops (K below {WEAK_BELOW}): {_list_loops(weak)}."
    best = inviting[0]
    name = f"{format_name(best.name)} (K {format_k(clean_k_of(best))})"
    if active == 1:
        return f"All invites come from {name}. Try a second loop so growth doesn't depend on just one."
    return f"No loop is weak (K below {WEAK_BELOW}). Give {name}, the strongest, a more prominent place in the app."


def _describe_no_inviting(facts: ReportFacts) -> str:
    if any(loop.invites for loop in facts.loops):
        return "Compare loops over a more recent period. Only totals are kept for this one, so loops have no K."
    if facts.ranked_loops:
        names = _join_names(facts.ranked_loops)
        return (
            f"No invites were sent in this period. Check that inviting works, and make these loops easier to find: "
            f"{names}."
        )
    return "Tag every link with its loop (`source`) so reports can show which loops work."


def _list_loops(loops: list[LoopPerformance]) -> str:
    named = [f"{format_name(loop.name)} ({format_k(clean_k_of(loop))}{_caveat(loop)})" for loop in loops[:_MOST_LOOPS]]
    more = len(loops) - len(named)
    return ", ".join(named) + (f" and {format_count(more)} more" if more else "")


def _caveat(loop: LoopPerformance) -> str:
    if loop.active_users >= SMALL_SAMPLE:
        return ""
    return f", only {format_counted(loop.active_users, 'inviting user')}"


def by_health(facts: ReportFacts) -> str:
    """For the largest deduction, or to continue as before."""
    if facts.health_score is None:
        return "Use a more recent period to judge health. What was flagged in this one is no longer kept."
    name, points = max(facts.deductions.items(), key=lambda item: item[1], default=("", 0.0))
    score = format_points(facts.health_score)
    advice = _AGAINST.get(name, "review the deductions on the guardrails page")
    if facts.health_score < HEALTH_WARNING_BELOW:
        return f"Health is {score}, below {HEALTH_WARNING_BELOW}. Before relying on these figures, {advice}."
    if points > 0:
        return f"Health is {score}. To raise it, {advice}."
    return f"Health is {score}. Keep the current thresholds and check in weekly."


def clicked_without_invites(facts: ReportFacts) -> str | None:
    """For loops that live on old invites."""
    loops = [loop for loop in facts.ranked_loops if loop.clicks and not loop.invites]
    if not loops or not facts.current.total_invites:
        return None
    return f"Check whether inviting still works for loops with clicks but no new invites: {_join_names(loops)}."


def _join_names(loops: list[LoopPerformance]) -> str:
    return ", ".join(format_name(loop.name) for loop in loops[:_MOST_LOOPS])


def one_referrer_carries_much(facts: ReportFacts) -> str | None:
    """For one account that is behind most of the growth; one under review is named by its case alone."""
    total, ranked = facts.current.total_conversions, [each for each in facts.top_referrers if not each.under_review]
    if total < SMALL_SAMPLE or not ranked:
        return None
    best = max(ranked, key=lambda referrer: referrer.conversions)
    if best.conversions <= total * _MUCH_OF_ALL:
        return None
    share = format_rate(best.conversions / total)
    return f"Investigate {format_name(best.id)}: this referrer brought {share} of all conversions."


def flagged_conversions(facts: ReportFacts) -> str | None:
    """For growth that is partly flagged."""
    k_factor, clean = facts.current.k_factor, facts.k_factor_clean
    if k_factor - clean <= k_factor * _NOTABLE_SHARE:
        return None
    return f"Plan with a K of {format_k(clean)}, which excludes flagged traffic, not {format_k(k_factor)}."


RULES: tuple[Rule, ...] = (
    by_k_factor,
    weak_loops,
    by_health,
    clicked_without_invites,
    one_referrer_carries_much,
    flagged_conversions,
)
WITHOUT_DATA = (
    "Check that your app sends events (POST /v1/events) and that its token has the events:write scope.",
    "Register links with their referrer and loop (PUT /v1/links/{id}), then generate the report again.",
)
