"""Confidence intervals of 95 %, and when a difference may be called a change."""

from math import sqrt

from viral_contract.models.growth import Interval, Verdict

_Z = 1.959963984540054
MIN_SAMPLE = 30


def wilson_interval(successes: int, trials: int) -> Interval | None:
    """Where the true proportion lies; None where it has no meaning, without trials or with more successes than trials.

    Wilson's score interval: Wilson, E. B. (1927), Journal of the American Statistical Association 22, 209-212.
    """
    if trials <= 0 or successes > trials:
        return None
    share = successes / trials
    centre = share + _Z**2 / (2 * trials)
    spread = _Z * sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2))
    scale = 1 + _Z**2 / trials
    return Interval(low=max(0.0, (centre - spread) / scale), high=min(1.0, (centre + spread) / scale))


def rate_interval(count: int, exposure: int) -> Interval | None:
    """Where the true mean number of events for each of `exposure` units lies; None without units.

    Score interval of a Poisson mean: Barker, L. (2002), The American Statistician 56, 85-89.
    """
    if exposure <= 0:
        return None
    centre = count + _Z**2 / 2
    spread = _Z * sqrt(count + _Z**2 / 4)
    return Interval(low=max(0.0, (centre - spread) / exposure), high=(centre + spread) / exposure)


def judge_change(now: Interval | None, before: Interval | None, *, sample: int) -> Verdict:
    """Whether two values differ by more than chance: their intervals do not touch and the smaller sample is enough."""
    if now is None or before is None or sample < MIN_SAMPLE:
        return "too_few_to_say"
    if now.low > before.high:
        return "up"
    if now.high < before.low:
        return "down"
    return "no_clear_change"


def judge_difference(difference: Interval | None, *, sample: int) -> Verdict:
    """Whether two values differ by more than chance: the interval of their difference leaves out 0."""
    if difference is None or sample < MIN_SAMPLE:
        return "too_few_to_say"
    return "up" if difference.low > 0 else "down" if difference.high < 0 else "no_clear_change"
