"""Weekly cohorts: who signed up in a week, and how many of them came back in the weeks after."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.detection.query import EVERYTHING, Filter
from viral_contract.models.growth import Cohort, CohortsAnswer
from viral_contract.models.period import Period

_WEEK = timedelta(days=7)

_COHORTS = text("""
    SELECT signup_week, (week - signup_week) / 7 AS offset_weeks, sum(users)::bigint AS users
    FROM users_per_cohort_week
    WHERE signup_week BETWEEN :first AND :last AND (CAST(:source AS text) IS NULL OR source = :source)
    GROUP BY signup_week, offset_weeks ORDER BY signup_week, offset_weeks
""")


def fetch_cohorts(connection: Connection, weeks: int, wanted: Filter = EVERYTHING, *, now: datetime) -> CohortsAnswer:
    """The cohorts of the last `weeks` ISO weeks, this one included, of those who came through the filter's loop."""
    this_week = monday_of(now.astimezone(UTC).date())
    mondays = [this_week - n * _WEEK for n in reversed(range(weeks))]
    values = {"first": mondays[0], "last": this_week, "source": wanted.source}
    rows = connection.execute(_COHORTS, values).all()
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
