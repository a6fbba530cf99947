"""A branching process in time: users who sign up, invite, and bring other users, with a K that is known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DAYS = 70
_ORGANIC_A_DAY = 40
# Everybody brought signs up within these days of the own signup of who brought them.
_LATEST = 28
_MEAN_DELAY = 7.0
# Of those who will bring nobody, this share invites all the same.
_IN_VAIN = 0.15

Days = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """When each user signed up, how many each brought, and when what happened: all times are days since the start."""

    signed_up: Days
    brought: NDArray[np.int64]
    conversions: Days
    invites: Days
    inviters: NDArray[np.int64]

    def raw_k(self, days: int) -> float:
        """The K-factor of the last days: conversions for each user who invited in them."""
        first = DAYS - days
        converted = int(((self.conversions >= first) & (self.conversions < DAYS)).sum())
        recent = (self.invites >= first) & (self.invites < DAYS)
        return converted / len(np.unique(self.inviters[recent]))


def simulate(k_factor: float, dispersion: float, seed: int) -> World:
    """Organic signups at a steady rate, each bringing a negative binomial number of signups, all of which convert."""
    random = np.random.default_rng(seed)
    generation = random.uniform(0, DAYS, _ORGANIC_A_DAY * DAYS)
    signed_up, brought, conversions, invites, inviters = [], [], [], [], []
    users = 0
    while len(generation):
        counts = random.negative_binomial(dispersion, dispersion / (dispersion + k_factor), len(generation))
        by = np.repeat(np.arange(len(generation)), counts)
        delay = np.minimum(random.exponential(_MEAN_DELAY, len(by)), _LATEST - 0.01)
        arrived = generation[by] + delay
        vain = np.flatnonzero((counts == 0) & (random.random(len(generation)) < _IN_VAIN))
        signed_up.append(generation)
        brought.append(counts)
        conversions.append(arrived)
        # An invite is sent some time between the own signup and that of who follows it.
        invites += [
            generation[by] + delay * random.random(len(by)),
            generation[vain] + random.exponential(3, len(vain)),
        ]
        inviters += [users + by, users + vain]
        users += len(generation)
        generation = arrived[arrived < DAYS]
    return World(*(np.concatenate(parts) for parts in (signed_up, brought, conversions, invites, inviters)))
