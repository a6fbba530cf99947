"""How sure a mean is: percentile bootstrap over those whom it is of."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from viral_contract.models.growth import Interval

_DRAWS = 1_000
_SEED = 20261130
_TAILS = (2.5, 97.5)


def bootstrap_mean(users_by_count: Mapping[int, int]) -> Interval | None:
    """The 95 % interval of the mean of a count over users, given how many users have each count; None without users.

    Percentile bootstrap of 1,000 draws with a fixed seed: Efron, B. (1979), The Annals of Statistics 7, 1-26. Drawing
    users with replacement is a multinomial draw of how many of them have each count.
    """
    return _find_middle(_draw_means(users_by_count, _SEED)) if sum(users_by_count.values()) else None


def bootstrap_difference(now: Mapping[int, int], before: Mapping[int, int]) -> Interval | None:
    """The 95 % interval of the difference of two such means of different users; None if one of them has no users."""
    if not sum(now.values()) or not sum(before.values()):
        return None
    return _find_middle(_draw_means(now, _SEED) - _draw_means(before, _SEED + 1))


def _draw_means(users_by_count: Mapping[int, int], seed: int) -> NDArray[np.float64]:
    users = sum(users_by_count.values())
    counts, weights = np.array(list(users_by_count)), np.array(list(users_by_count.values())) / users
    means: NDArray[np.float64] = np.random.default_rng(seed).multinomial(users, weights, size=_DRAWS) @ counts / users
    return means


def _find_middle(draws: NDArray[np.float64]) -> Interval:
    low, high = np.percentile(draws, _TAILS)
    return Interval(low=float(low), high=float(high))
