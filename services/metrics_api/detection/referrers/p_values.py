"""One-sided p values, and which of a family of tests are discoveries. Pure.

`scipy.special` has the tails of the distributions without the 60 MB that `scipy.stats` takes in every process.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc, gammaln, pdtr, pdtrc

MOST_FALSE = 0.001
"""The share of false discoveries among all, at most."""
Numbers = NDArray[np.float64]


def find_too_large_shares(hits: Numbers, trials: Numbers, shares: Numbers) -> Numbers:
    """P(X >= hits) of so many trials with these shares of hits."""
    return np.asarray(bdtrc(hits - 1, trials.astype(int), shares), dtype=float)


def find_too_small_counts(counts: Numbers, expected: Numbers) -> Numbers:
    """P(X <= count) of a Poisson distribution."""
    return np.asarray(pdtr(counts, expected), dtype=float)


def find_too_large_counts(counts: Numbers, expected: Numbers) -> Numbers:
    """P(X >= count) of a Poisson distribution."""
    return np.where(counts > 0, pdtrc(np.maximum(counts - 1, 0), expected), 1.0)


def find_too_small_share(hits: int, trials: int, other_hits: int, other_trials: int) -> float:
    """Fisher's exact test: P(X <= hits), given the hits of both groups together."""
    all_hits, all_trials = hits + other_hits, trials + other_trials
    possible = np.arange(max(0, trials - (all_trials - all_hits)), hits + 1, dtype=float)
    ways = _log_ways(all_hits, possible) + _log_ways(all_trials - all_hits, trials - possible)
    return min(1.0, float(np.exp(ways - _log_ways(all_trials, trials)).sum()))


def _log_ways(total: float, chosen: Any) -> Any:
    return gammaln(total + 1) - gammaln(chosen + 1) - gammaln(total - chosen + 1)


def find_discoveries(p: Numbers) -> NDArray[np.bool_]:
    """Which tests of a family are discoveries, by Benjamini and Hochberg."""
    in_order = np.sort(p)
    limits = MOST_FALSE * np.arange(1, len(p) + 1) / max(len(p), 1)
    passed = in_order[in_order <= limits]
    return p <= (passed[-1] if len(passed) else -1)
