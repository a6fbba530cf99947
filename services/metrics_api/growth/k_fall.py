"""Whether cohort K of the newest matured week is below that of the weeks before it.

Score test of equal means of two samples of counts, whose variance is estimated from all users under the hypothesis that
they are equal, as of overdispersed counts: Breslow, N. (1990), Journal of the American Statistical Association 85,
565-571. With n users who brought y signups in the newest week, N and Y in all weeks, m = Y / N and v the variance of
the signups by user:

    z = (y - n m) / sqrt(phi v n (N - n) / N)

phi, at least 1, is how much more the weeks before differ from one another than users do by chance (Pearson's
chi-squared by degrees of freedom), so that a week which is only as unusual as others are is no fall.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

from sqlalchemy import Connection

from metrics_api.detection.query import Query
from metrics_api.growth.cohort_k import count_users, fetch_users
from metrics_api.growth.cohorts import monday_of
from metrics_api.growth.intervals import MIN_SAMPLE
from metrics_api.ingest.retained import fetch_retained
from viral_contract.models.period import Period

DAYS = 28
"""How long after the own signup the referrals of a user count."""
WEEKS_BEFORE = 7
"""As far as events are kept by default."""
LEAST_WEEKS = 4
LEAST_EXPECTED = 20
FAR = 3.09
"""One-sided p < 0.001."""
_WEEK = timedelta(days=7)
_MATURING = timedelta(days=7 + DAYS)
Users = Mapping[int, int]
"""How many users brought how many signups."""


@dataclass(frozen=True)
class KFall:
    """The week that is below, what its users brought, and what the weeks before let expect of them."""

    week: Period
    users: int
    signups: int
    expected: float
    weeks_before: int
    z: float


def fetch_k_fall(connection: Connection, query: Query) -> KFall | None:
    """The newest matured week, if its K is below that of the weeks before, of those whose events are kept."""
    newest = monday_of(query.now.date() - _MATURING)
    first = newest - WEEKS_BEFORE * _WEEK
    mondays = [first + week * _WEEK for week in range(WEEKS_BEFORE)]
    retained = fetch_retained(connection).events
    users = fetch_users(connection, query, DAYS, since=first)
    by_week = {monday: count_users(each for each in users if each.monday == monday) for monday in (*mondays, newest)}
    before = [by_week[monday] for monday in mondays if by_week[monday] and monday >= retained]
    return find_k_fall(newest, by_week[newest], before)


def find_k_fall(newest: date, users: Users, before: Sequence[Users]) -> KFall | None:
    """The week if its K is clearly below that of the weeks before; None where too little is known to say so."""
    all_before = sum(map(Counter, before), Counter[int]())
    number, number_before = sum(users.values()), sum(all_before.values())
    if len(before) < LEAST_WEEKS or min(number, number_before) < MIN_SAMPLE:
        return None
    expected = number * _count_signups(all_before) / number_before
    z = find_z(users, before)
    if expected < LEAST_EXPECTED or z >= -FAR:
        return None
    week = Period.between(newest, newest + timedelta(days=6))
    return KFall(week, number, _count_signups(users), expected, len(before), z)


def find_z(users: Users, before: Sequence[Users]) -> float:
    """The score statistic of the week; 0 where nobody brought anything."""
    everybody = sum(map(Counter, (*before, users)), Counter[int]())
    number, total = sum(users.values()), sum(everybody.values())
    mean = _count_signups(everybody) / total
    variance = sum(many * (signups - mean) ** 2 for signups, many in everybody.items()) / (total - 1)
    if not variance:
        return 0.0
    spread = sqrt(_find_excess(before, variance) * variance * number * (total - number) / total)
    return (_count_signups(users) - number * mean) / spread


def _find_excess(before: Sequence[Users], variance: float) -> float:
    """How much more the weeks differ than by chance; at least 1."""
    sizes = [sum(week.values()) for week in before]
    means = [_count_signups(week) / size for week, size in zip(before, sizes, strict=True)]
    middle = sum(size * mean for size, mean in zip(sizes, means, strict=True)) / sum(sizes)
    squares = sum(size * (mean - middle) ** 2 for size, mean in zip(sizes, means, strict=True))
    return max(1.0, squares / variance / (len(before) - 1))


def _count_signups(users: Users) -> int:
    return sum(signups * number for signups, number in users.items())
