"""Findings that compare the period with the previous one."""

from viral_contract.models.growth import HonestChange, Interval, Trend, Verdict
from viral_contract.models.period import Period
from viral_contract.models.reports import Insight, ReportFacts
from viral_reports.figures import format_change, format_counted, format_k, format_rate, format_signed

_STABLE_WITHIN = 0.05


def difference_interval(now: Interval | None, before: Interval | None) -> Interval | None:
    """The interval of the difference between the two true values, with at least 95% confidence.

    It contains 0 exactly if the two intervals touch, so it never contradicts the verdict, which follows the same rule.
    None if one of the intervals is missing.
    """
    if now is None or before is None:
        return None
    return Interval(low=now.low - before.high, high=now.high - before.low)


def k_factor_trend(facts: ReportFacts) -> Insight:
    """The change of K, and which of its factors caused it."""
    if not facts.is_over:
        text = "This period is still in progress, so K is not compared with the previous one."
        return Insight(rule="k_factor_trend", text=text, sample=facts.current.active_users)
    now, before = facts.current, facts.previous
    is_compared = before.total_invites and not facts.k_is_partial
    # The intervals are of all conversions.
    is_honest = not facts.k_is_partial and not has_flagged(facts)
    return _compare(
        "k_factor_trend",
        _describe_k_trend(facts),
        effect=_find_change(facts) if is_compared else None,
        interval=difference_interval(now.k_factor_interval, before.k_factor_interval) if is_honest else None,
        sample=min(now.active_users, before.active_users),
    )


def _describe_k_trend(facts: ReportFacts) -> str:
    now, before = facts.current, facts.previous
    if before.total_invites == 0:
        return f"There were no invites in {_days_before(facts)}, so there is no K to compare with."
    if facts.k_is_partial:
        return "Only totals are kept for older dates, so K can't be compared with the previous period."
    users = f"{format_counted(now.active_users, 'inviting user')} vs. {before.active_users:,} before"
    change = facts.change
    if change is None or not has_flagged(facts):
        shown, trend, change_pct = (before.k_factor, now.k_factor), facts.k_factor_trend, facts.k_factor_change_pct
        what, lead = "K", ""
    else:
        shown = change.previous_k_factor_clean, change.k_factor_clean
        trend, change_pct = _find_trend(*shown)
        what, lead = "Honest growth: without flagged conversions, K", _describe_flagged(facts, change) + " "
    text = _describe_difference(
        what, (format_k(shown[0]), format_k(shown[1])), facts.verdict, trend, change_pct, basis=users
    )
    if facts.verdict in ("up", "down") and trend != "stable":
        text += " " + _describe_cause(facts)
    return lead + text


def has_flagged(facts: ReportFacts) -> bool:
    """Whether what is flagged moves the K of one of the two periods."""
    change = facts.change
    pairs = (
        ()
        if change is None
        else (
            (facts.current.k_factor, change.k_factor_clean),
            (facts.previous.k_factor, change.previous_k_factor_clean),
        )
    )
    return any(format_k(raw) != format_k(clean) for raw, clean in pairs)


def _find_change(facts: ReportFacts) -> float:
    return facts.change.honest if facts.change else facts.current.k_factor - facts.previous.k_factor


def _find_trend(before: float, now: float) -> tuple[Trend, float | None]:
    if not before:
        return ("up", None) if now else ("stable", 0.0)
    share = (now - before) / before
    trend: Trend = "stable" if abs(share) <= _STABLE_WITHIN else "up" if share > 0 else "down"
    return trend, share * 100


def _describe_flagged(facts: ReportFacts, change: HonestChange) -> str:
    raw, flagged = format_signed(change.raw, decimals=2), format_signed(change.flagged, decimals=2)
    before, now = format_k(facts.previous.k_factor), format_k(facts.current.k_factor)
    return f"The K-factor was {before} and is now {now} ({raw}); flagged conversions account for {flagged}."


def _describe_cause(facts: ReportFacts) -> str:
    by_invites, by_conversions = facts.invites_per_user_effect, facts.conversions_per_invite_effect
    if facts.change:
        factors = facts.change.by_factor
        by_invites, by_conversions = factors.invites_per_user, factors.conversions_per_invite
    if abs(by_invites) >= abs(by_conversions):
        return f"The main driver is invites per user ({format_signed(by_invites, decimals=2)})."
    return f"The main driver is conversions per invite ({format_signed(by_conversions, decimals=2)})."


def conversion_change(facts: ReportFacts) -> Insight:
    """The change of the share of clicks that convert."""
    if not facts.is_over:
        return _describe_conversion_so_far(facts)
    now, before = facts.current, facts.previous
    return _compare(
        "conversion_change",
        _describe_conversion_change(facts),
        effect=now.conversion_rate - before.conversion_rate if before.total_clicks else None,
        interval=difference_interval(now.conversion_rate_interval, before.conversion_rate_interval),
        sample=min(now.total_clicks, before.total_clicks),
    )


def _describe_conversion_so_far(facts: ReportFacts) -> Insight:
    now = facts.current
    if now.total_clicks == 0:
        text = "No invites have been clicked yet, so there is no conversion rate."
    else:
        rate = format_rate(now.conversion_rate)
        text = f"The conversion rate is {rate} so far. This period is still in progress, so it is not compared."
    return Insight(rule="conversion_change", text=text, sample=now.total_clicks)


def _describe_conversion_change(facts: ReportFacts) -> str:
    now, before = facts.current, facts.previous
    if now.total_clicks == 0:
        return "No invites were clicked, so there is no conversion rate."
    rate = format_rate(now.conversion_rate)
    if before.total_clicks == 0:
        return f"The conversion rate is {rate}. There were no clicks in {_days_before(facts)} to compare with."
    return _describe_difference(
        "The conversion rate",
        (format_rate(before.conversion_rate), rate),
        facts.conversion_verdict,
        facts.conversion_trend,
        facts.conversion_change_pct,
        basis=f"{format_counted(now.total_clicks, 'click')} vs. {before.total_clicks:,} before",
    )


def _compare(rule: str, text: str, *, effect: float | None, interval: Interval | None, sample: int) -> Insight:
    low, high = (interval.low, interval.high) if interval else (None, None)
    return Insight(rule=rule, text=text, effect=effect, low=low, high=high, sample=sample)


def _describe_difference(
    what: str, shown: tuple[str, str], verdict: Verdict, trend: Trend, change_pct: float | None, *, basis: str
) -> str:
    before, now = shown
    if verdict == "too_few_to_say":
        return f"{what} was {before} and is now {now}: not enough data to say whether it changed ({basis})."
    if verdict == "no_clear_change":
        return f"{what} was {before} and is now {now}: no clear change, the difference may be due to chance ({basis})."
    if trend == "stable":
        return f"{what} is stable: {now} vs. {before}, within 5% ({basis})."
    verb = "rose" if verdict == "up" else "fell"
    change = f"{what} {verb} from {before} to {now} ({format_change(change_pct)})"
    return f"{change}, more than chance alone would explain ({basis})."


def _days_before(facts: ReportFacts) -> str:
    days = Period.between(facts.period_start, facts.period_end).days
    return "the previous day" if days == 1 else f"the previous {days} days"
