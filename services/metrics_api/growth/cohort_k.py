"""Cohort K: how many new users the users who signed up in one week bring, each in the days after the own signup.

Unlike conversions per inviting user, it does not depend on the length of a period: every user has the same time, and
users who invite nobody count. The offspring mean of a branching process, which carries itself at 1: Harris, T. E.
(1963), The Theory of Branching Processes.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import Connection, text

from metrics_api.detection.entity_lists import fetch_active_lists
from metrics_api.detection.query import Query
from metrics_api.growth.activity import build_activity
from metrics_api.growth.bootstrap import bootstrap_difference, bootstrap_mean
from metrics_api.growth.clean import THRESHOLDS
from metrics_api.growth.cohorts import format_week
from metrics_api.growth.intervals import judge_difference
from metrics_api.growth.k_factor import ratio
from metrics_api.growth.suspects import build_clean_referrals
from viral_contract.models.cohort_k import CohortK, CohortKAnswer, CohortKHeadline, CohortKWeeks
from viral_contract.models.period import Period

_WEEK = timedelta(days=7)
_HEADLINE_WEEKS = 8
# A user referred by somebody counts once, with the first signup that names the referrer.
_USERS = """
    WITH {clean}, member AS (
        SELECT substr(person, 6) AS user_id, person, first_signup_at AS since,
            first_signup_at + make_interval(days => :after) AS behind_own,
            date_trunc('week', first_signup_at AT TIME ZONE 'UTC')::date AS monday
        FROM user_journeys
        WHERE person LIKE 'user:%' AND first_signup_at >= :first AND first_signup_at < :behind
    ),
    brought AS (
        SELECT member.person,
            count(DISTINCT coalesce(referral.person, referral.event_id::text)) FILTER (WHERE event_type = 'signup')
                AS signups,
            count(*) FILTER (WHERE event_type = 'conversion') AS conversions
        FROM member JOIN clean_referral AS referral ON referral.referrer_id = member.user_id
            AND referral.occurred_at >= since AND referral.occurred_at < behind_own
            AND referral.person IS DISTINCT FROM member.person
        GROUP BY member.person
    ),
    inviting AS (
        SELECT member.person, sum(invites) AS invites
        FROM member JOIN {activity} ON activity.referrer_id = member.user_id
            AND day = ANY(:days) AND invites > 0
            AND day BETWEEN (since AT TIME ZONE 'UTC')::date AND (behind_own AT TIME ZONE 'UTC')::date
        GROUP BY member.person
    )
    SELECT monday, coalesce(signups, 0) AS signups, count(*) AS users, count(invites) AS inviting,
        coalesce(sum(invites), 0)::bigint AS invites, coalesce(sum(conversions), 0)::bigint AS conversions
    FROM member LEFT JOIN brought USING (person) LEFT JOIN inviting USING (person)
    GROUP BY monday, coalesce(signups, 0) ORDER BY monday, signups
"""


@dataclass(frozen=True)
class UsersOfWeek:
    """Users who signed up in one week and brought equally many signups, with what they did together."""

    monday: date
    signups: int
    users: int
    inviting: int
    invites: int
    conversions: int


def fetch_cohort_k(connection: Connection, query: Query, days: int) -> CohortKAnswer:
    """Cohort K for each ISO week that begins in the period, and of the matured ones of the last 8 together.

    What happened behind the period does not count.
    """
    mondays = [query.period.start + week * _WEEK for week in range(-(-query.period.days // 7))]
    known_to = min(query.now, query.period.ends_before).date()
    matured = [monday for monday in mondays[-_HEADLINE_WEEKS:] if _ends(monday, days) <= known_to]
    earlier = [monday - len(matured) * _WEEK for monday in matured]
    users = fetch_users(connection, query, days, since=min(earlier + mondays))
    cohorts = [format_cohort(monday, users, days, known_to=known_to) for monday in mondays]
    return CohortKAnswer(
        computed_at=query.now,
        end=query.period.end,
        days=days,
        thresholds=query.used(*THRESHOLDS),
        cohorts=cohorts,
        headline=format_headline(matured, earlier, users),
    )


def fetch_users(connection: Connection, query: Query, days: int, *, since: date) -> list[UsersOfWeek]:
    """The users who signed up from then to the period's end, by week and by how many signups they brought."""
    asked = replace(query, period=Period.between(since, query.period.end))
    clean, values = build_clean_referrals(asked, fetch_active_lists(connection, asked))
    statement = text(_USERS.format(clean=clean, activity=build_activity(query.filter)))
    rows = connection.execute(statement, {**values, "after": days})
    return [UsersOfWeek(**row._mapping) for row in rows]


def _ends(monday: date, days: int) -> date:
    """The day before which the days of everybody in the week are over."""
    return monday + _WEEK + timedelta(days=days)


def format_cohort(monday: date, users: Sequence[UsersOfWeek], days: int, *, known_to: date) -> CohortK:
    """The cohort of one week; it is matured once the days of everybody in it are over."""
    own = [each for each in users if each.monday == monday]
    total, inviting = sum(each.users for each in own), sum(each.inviting for each in own)
    signups, conversions = sum(each.users * each.signups for each in own), sum(each.conversions for each in own)
    return CohortK(
        week=format_week(monday),
        week_start=monday,
        users=total,
        matured=_ends(monday, days) <= known_to,
        share_inviting=float(ratio(inviting, total)),
        invites_per_inviter=float(ratio(sum(each.invites for each in own), inviting)),
        referred_signups=signups,
        referred_conversions=conversions,
        k_cohort=float(ratio(signups, total)),
        interval=bootstrap_mean(count_users(own)),
        k_conversions=float(ratio(conversions, total)),
    )


def format_headline(
    matured: Sequence[date], earlier: Sequence[date], users: Sequence[UsersOfWeek]
) -> CohortKHeadline | None:
    """K of all users of the matured weeks, compared with the earlier ones; None while nobody is in them."""
    now, before = ([each for each in users if each.monday in weeks] for weeks in (matured, earlier))
    if not now:
        return None
    weeks, previous = format_weeks(now), format_weeks(before) if before else None
    difference = bootstrap_difference(count_users(now), count_users(before))
    return CohortKHeadline(
        **weeks.model_dump(),
        first_day=now[0].monday,
        last_day=now[-1].monday + _WEEK - timedelta(days=1),
        previous=previous,
        verdict=judge_difference(difference, sample=min(weeks.users, previous.users if previous else 0)),
    )


def format_weeks(users: Sequence[UsersOfWeek]) -> CohortKWeeks:
    """K of the users of several weeks; there is at least one."""
    counted = count_users(users)
    return CohortKWeeks(
        week_from=format_week(users[0].monday),
        week_to=format_week(users[-1].monday),
        users=counted.total(),
        k_cohort=float(ratio(sum(signups * number for signups, number in counted.items()), counted.total())),
        interval=bootstrap_mean(counted),
        k_conversions=float(ratio(sum(each.conversions for each in users), counted.total())),
    )


def count_users(users: Iterable[UsersOfWeek]) -> Counter[int]:
    """How many users brought how many signups."""
    counted: Counter[int] = Counter()
    for each in users:
        counted[each.signups] += each.users
    return counted
