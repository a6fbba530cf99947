"""Where the true difference of two measured values lies."""

from viral_contract.models.growth import Interval


def difference_interval(now: Interval | None, before: Interval | None) -> Interval | None:
    """From the farthest to the nearest that the two true values can be, with at least 95 % confidence.

    It holds 0 exactly where the two intervals touch, so it never contradicts the verdict, which follows the same rule.
    None where one of the intervals is missing.
    """
    if now is None or before is None:
        return None
    return Interval(low=now.low - before.high, high=now.high - before.low)
