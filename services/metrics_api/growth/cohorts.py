"""Weekly cohorts: who signed up in a week, and how many of them came back in the weeks after."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.detection.query import EVERYTHING, Filter
from metrics_api.growth.activity import CAME_THROUGH
from viral_contract.models.growth import Cohort, CohortsAnswer
from viral_contract.models.period import Period

_WEEK = timedelta(days=7)

_COHORTS = text(f"""
    WITH member AS (
        SELECT person, date_trunc('week', first_signup_at AT TIME ZONE 'UTC')::date AS signup_week
        FROM user_journeys
        WHERE person LIKE 'user:%' AND first_signup_at >= :first AND first_signup_at < :behind
            AND {CAME_THROUGH.format(person="")}
    )
    SELECT signup_week, (week - signup_week) / 7 AS offset_weeks, count(*) AS users
    FROM member JOIN active_weeks USING (person) WHERE week >= signup_week
    GROUP BY signup_week, offset_weeks ORDER BY signup_week, offset_weeks
""")


def fetch_cohorts(connection: Connection, weeks: int, wanted: Filter = EVERYTHING, *, now: datetime) -> CohortsAnswer:
    """The cohorts of the last `weeks` ISO weeks, this one included, of those who came through the filter's loop."""
    this_week = monday_of(now.astimezone(UTC).date())
    first = datetime.combine(this_week - (weeks - 1) * _WEEK, datetime.min.time(), tzinfo=UTC)
    values = {"first": first, "behind": first + weeks * _WEEK, "source": wanted.source}
    rows = connection.execute(_COHORTS, values).all()
    mondays = [first.date() + n * _WEEK for n in range(weeks)]
    cohorts = [format_cohort(monday, rows, now=now) for monday in mondays]
    return CohortsAnswer(computed_at=now, weeks=weeks, cohorts=cohorts)


def monday_of(day: date) -> date:
    """The first day of the ISO week."""
    return day - timedelta(days=day.weekday())


def weeks_until(end: date, weeks: int) -> Period:
    """So many ISO weeks, of which the last one is up to `end`."""
    return Period.between(monday_of(end) - (weeks - 1) * _WEEK, end)


def format_week(monday: date) -> str:
    """The ISO week that begins on the date: "2026-W05"."""
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02d}"


def format_cohort(monday: date, rows: Sequence[Row[Any]], *, now: datetime) -> Cohort:
    """One cohort's shares; a week that is not over yet has none."""
    seen = {row.offset_weeks: row.users for row in rows if row.signup_week == monday}
    users = seen.get(0, 0)
    today = now.astimezone(UTC).date()
    offsets = range((monday_of(today) - monday) // _WEEK + 1)
    retention = [seen.get(n, 0) / users if users and monday + (n + 1) * _WEEK <= today else None for n in offsets]
    return Cohort(week=format_week(monday), week_start=monday, users=users, retention=retention)
