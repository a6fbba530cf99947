"""Where the true difference of two measured values lies."""

from math import sqrt

from viral_engine.contract.growth import Interval


def difference_interval(
    now: float, now_interval: Interval | None, before: float, before_interval: Interval | None
) -> Interval | None:
    """The interval of `now - before` from the intervals of both; None where one has none.

    Method of variance estimates recovery: Zou, G. Y. and Donner, A. (2008), Statistics in Medicine 27, 1693-1702.
    """
    if now_interval is None or before_interval is None:
        return None
    below = sqrt((now - now_interval.low) ** 2 + (before_interval.high - before) ** 2)
    above = sqrt((now_interval.high - now) ** 2 + (before - before_interval.low) ** 2)
    return Interval(low=now - before - below, high=now - before + above)
