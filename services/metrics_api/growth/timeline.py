"""Growth day by day."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.detection.entity_lists import fetch_active_lists
from metrics_api.detection.query import Query
from metrics_api.growth.activity import SUMS, build_inviters, build_totals
from metrics_api.growth.clean import THRESHOLDS, fetch_flagged
from viral_contract.models.growth import TimelineAnswer, TimelinePoint

_DAYS = f"""
    SELECT day, {SUMS}, coalesce(sum(signups), 0)::bigint AS signups, coalesce(max(active_users), 0) AS active_users
    FROM unnest(CAST(:days AS date[])) AS day LEFT JOIN {{totals}} USING (day)
        LEFT JOIN ({{inviters}}) AS inviting USING (day)
    GROUP BY day ORDER BY day
"""


def fetch_timeline(connection: Connection, query: Query) -> TimelineAnswer:
    """Every date of the period, also those on which nothing happened."""
    flagged = fetch_flagged(connection, query, fetch_active_lists(connection, query))
    points = fetch_points(connection, query, flagged.conversions)
    return TimelineAnswer(period=query.period, computed_at=query.now, thresholds=query.used(*THRESHOLDS), points=points)


def fetch_points(connection: Connection, query: Query, suspect: Mapping[date, int]) -> list[TimelinePoint]:
    """What was counted on every date, so many of whose conversions the guardrails flag."""
    period, wanted = query.period, query.filter
    statement = text(_DAYS.format(totals=build_totals(wanted), inviters=build_inviters(wanted, "day")))
    values = {"days": period.dates(), "start": period.start, "end": period.end, **wanted.values}
    rows = connection.execute(statement, values)
    return [_format_point(row, suspect.get(row.day, 0)) for row in rows]


def _format_point(row: Row[Any], suspect: int) -> TimelinePoint:
    kept = row.conversions - row.purged_conversions
    return TimelinePoint(
        date=row.day,
        invites=row.invites,
        clicks=row.clicks,
        signups=row.signups,
        conversions=row.conversions,
        active_users=row.active_users,
        k_factor=kept / row.active_users if row.active_users else 0,
        k_factor_clean=(kept - suspect) / row.active_users if row.active_users else 0,
    )
