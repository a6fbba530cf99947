"""Splits a change of K into what its factors contributed; the parts always add up to the change."""

from math import log


def _logarithmic_mean(a: float, b: float) -> float:
    return a if a == b else (a - b) / log(a / b)


def split_product_change(before: tuple[float, float], now: tuple[float, float]) -> tuple[float, float]:
    """How much each of two factors contributed to the change of their product.

    Logarithmic mean Divisia index: Ang, B. W. (2005), Energy Policy 33, 867-871. Where a factor is 0, which has no
    logarithm, each factor's change is weighted by the other's midpoint, which is exact too.
    """
    (first_before, second_before), (first_now, second_now) = before, now
    if min(*before, *now) <= 0:
        first = (first_now - first_before) * (second_now + second_before) / 2
        second = (second_now - second_before) * (first_now + first_before) / 2
        return first, second
    weight = _logarithmic_mean(first_now * second_now, first_before * second_before)
    return weight * log(first_now / first_before), weight * log(second_now / second_before)
