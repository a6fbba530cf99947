"""How sure a mean is: percentile bootstrap over those whom it is of."""

from collections.abc import Mapping

import numpy as np

from viral_contract.models.growth import Interval

_DRAWS = 1_000
_SEED = 20261130
_TAILS = (2.5, 97.5)


def bootstrap_mean(users_by_count: Mapping[int, int]) -> Interval | None:
    """The 95 % interval of the mean of a count over users, given how many users have each count; None without users.

    Percentile bootstrap of 1,000 draws with a fixed seed: Efron, B. (1979), The Annals of Statistics 7, 1-26. Drawing
    users with replacement is a multinomial draw of how many of them have each count.
    """
    users = sum(users_by_count.values())
    if not users:
        return None
    counts, weights = np.array(list(users_by_count)), np.array(list(users_by_count.values())) / users
    draws = np.random.default_rng(_SEED).multinomial(users, weights, size=_DRAWS)
    low, high = np.percentile(draws @ counts / users, _TAILS)
    return Interval(low=float(low), high=float(high))
