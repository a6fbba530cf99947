"""Spread: whether growth rests on many users who invite, or on a few."""

from collections import Counter
from collections.abc import Mapping
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import gammaln
from sqlalchemy import Connection, text

from metrics_api.detection.entity_lists import fetch_active_lists
from metrics_api.detection.query import Query
from metrics_api.growth.activity import build_activity, build_conversions, build_inviters
from metrics_api.growth.clean import THRESHOLDS, fetch_flagged
from viral_contract.models.growth import Interval
from viral_contract.models.spread import CurvePoint, KWithoutTop, SpreadAnswer

MIN_REFERRERS = 30
_TOP_SHARES = (0.01, 0.05)
_MOST_INNER_POINTS = 99
# Half the 95 % quantile of chi-squared with one degree of freedom.
_DROP = 1.920729410347062
# ln k: below, one user does everything; above, the counts are those of chance alone.
_LOG_K = (-7.0, 7.0)
# Who invited but earned nothing is counted, and nobody else of those without conversions is read.
_COUNTS = """
    SELECT inviters.active_users, counted.* FROM ({inviters}) AS inviters LEFT JOIN (
        SELECT earned.conversions - coalesce(flagged, 0) AS conversions, count(*) AS referrers
        FROM ({earned}) AS earned
            LEFT JOIN unnest(CAST(:suspects AS text[]), CAST(:flagged AS bigint[])) AS suspect (referrer_id, flagged)
            USING (referrer_id)
        WHERE EXISTS (
            SELECT FROM {activity} WHERE activity.referrer_id = earned.referrer_id AND day BETWEEN :start AND :end
                AND invites > 0
        ) GROUP BY 1
    ) AS counted ON true
"""
_EARNED = """
    SELECT referrer_id, sum(conversions)::bigint AS conversions FROM {conversions}
    WHERE day BETWEEN :start AND :end AND conversions > 0 AND referrer_id <> '' GROUP BY referrer_id
"""


def fetch_spread(connection: Connection, query: Query) -> SpreadAnswer:
    """How the period's clean conversions are spread over the users who invited in it."""
    counted = _count_referrers(connection, query)
    dispersion, interval = fit_dispersion(counted)
    return SpreadAnswer(
        period=query.period,
        computed_at=query.now,
        thresholds=query.used(*THRESHOLDS),
        referrers=counted.total(),
        mean=mean_without(counted, 0),
        dispersion_k=dispersion,
        interval=interval,
        without_strongest=mean_without(counted, 1),
        without_top=[_leave_out(counted, share) for share in _TOP_SHARES],
        half_from=count_half(counted),
        curve=draw_curve(counted),
    )


def _count_referrers(connection: Connection, query: Query) -> Counter[int]:
    """How many users who invited earned so many conversions."""
    flagged = fetch_flagged(connection, query, fetch_active_lists(connection, query)).by_referrer(query.period)
    statement = _COUNTS.format(
        inviters=build_inviters(query.filter),
        earned=_EARNED.format(conversions=build_conversions(query.filter)),
        activity=build_activity(query.filter),
    )
    values = {"start": query.period.start, "end": query.period.end, **query.filter.values}
    values |= {"suspects": list(flagged), "flagged": list(flagged.values())}
    rows = connection.execute(text(statement), values).all()
    counted = Counter({row.conversions: row.referrers for row in rows if row.referrers})
    counted[0] += rows[0].active_users - counted.total()
    return Counter(dict(sorted((+counted).items())))


def _leave_out(counted: Counter[int], share: float) -> KWithoutTop:
    left_out = -int(-counted.total() * share // 1)
    return KWithoutTop(share=share, k=mean_without(counted, left_out), referrers=left_out)


def count_half(counted: Mapping[int, int]) -> int:
    """How many of the strongest brought half of the conversions; 0 without conversions."""
    missing, strongest = sum(count * number for count, number in counted.items()) / 2, 0
    for count in sorted(counted, reverse=True):
        if missing <= count * counted[count]:
            return strongest + (ceil(missing / count) if count else 0)
        missing, strongest = missing - count * counted[count], strongest + counted[count]
    return strongest


def draw_curve(counted: Mapping[int, int]) -> list[CurvePoint]:
    """The shares of the strongest referrers in all conversions, where referrers with fewer conversions follow.

    The curve of Lorenz, M. O. (1905), Publications of the American Statistical Association 9, 209-219, the other way
    round.
    """
    total, conversions = sum(counted.values()), sum(count * number for count, number in counted.items())
    if not conversions:
        return []
    points, referrers, brought = [CurvePoint(referrers=0, conversions=0)], 0, 0
    for count in sorted(counted, reverse=True):
        referrers, brought = referrers + counted[count], brought + count * counted[count]
        points.append(CurvePoint(referrers=referrers / total, conversions=brought / conversions))
    inner = points[1:-1]
    return [points[0], *inner[:: -(-len(inner) // _MOST_INNER_POINTS) or 1], points[-1]]


def mean_without(counted: Mapping[int, int], left_out: int) -> float:
    """Conversions for each referrer without so many of the strongest; 0 where nobody is left."""
    total = conversions = 0
    for count in sorted(counted, reverse=True):
        kept = max(counted[count] - left_out, 0)
        left_out -= counted[count] - kept
        total, conversions = total + kept, conversions + kept * count
    return conversions / total if total else 0.0


def fit_dispersion(counted: Mapping[int, int]) -> tuple[float | None, Interval | None]:
    """k of the negative binomial by maximum likelihood, with its 95 % interval from the profile of the likelihood.

    Below 1 a few referrers do most of it. None for fewer than 30 referrers, and where the counts vary no more than by
    chance, for k is then without bound. Lloyd-Smith, J. O. et al. (2005), Nature 438, 355-359, for offspring counts.
    """
    counts, weights = np.array(list(counted), dtype=float), np.array(list(counted.values()), dtype=float)
    referrers = weights.sum()
    mean = float(counts @ weights / referrers) if referrers else 0.0
    if referrers < MIN_REFERRERS or float((counts - mean) ** 2 @ weights / referrers) <= mean:
        return None, None

    def lose(log_k: float) -> float:
        return -_log_likelihood(np.exp(log_k), mean, counts, weights)

    best = minimize_scalar(lose, bounds=_LOG_K, method="bounded")
    low, high = _LOG_K

    def exceed(log_k: float) -> float:
        return lose(log_k) - float(best.fun) - _DROP

    ends = (
        brentq(exceed, low, best.x) if exceed(low) > 0 else low,
        brentq(exceed, best.x, high) if exceed(high) > 0 else high,
    )
    return float(np.exp(best.x)), Interval(low=float(np.exp(ends[0])), high=float(np.exp(ends[1])))


def _log_likelihood(k: float, mean: float, counts: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    share = mean / (k + mean)
    each = gammaln(counts + k) - gammaln(k) - gammaln(counts + 1) + k * np.log1p(-share) + counts * np.log(share)
    return float(each @ weights)
