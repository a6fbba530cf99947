"""Each date of a period: how many networks are flagged, and how much of the clicks is theirs."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.detection.entity_lists import Lists
from metrics_api.detection.networks import FLAGGED, flagging_values
from metrics_api.detection.query import Query
from viral_contract.models.flagged import FlaggedDay, FlaggedDaysAnswer

# Dates without clicks are there, too.
_DAYS = text(f"""
    SELECT day, coalesce(clicks, 0) AS clicks, coalesce(flagged_networks, 0) AS flagged_networks,
        coalesce(flagged_clicks, 0) AS flagged_clicks
    FROM unnest(CAST(:days AS date[])) AS of_period (day)
        LEFT JOIN (
            SELECT day, sum(clicks)::bigint AS clicks FROM activity_per_day
            WHERE day = ANY(:days) GROUP BY day
        ) AS activity USING (day)
        LEFT JOIN (
            SELECT day, count(*) AS flagged_networks, sum(clicks)::bigint AS flagged_clicks
            FROM ({FLAGGED}) AS flagged GROUP BY day
        ) AS found USING (day)
    ORDER BY day
""")


def fetch_flagged_days(connection: Connection, query: Query, lists: Lists) -> FlaggedDaysAnswer:
    """The flagged networks of each date and their share of its clicks."""
    return format_flagged_days(connection.execute(_DAYS, flagging_values(query, lists)).all(), query)


def format_flagged_days(rows: Sequence[Row[Any]], query: Query) -> FlaggedDaysAnswer:
    """The answer for a row a date."""
    days = [
        FlaggedDay(
            date=row.day,
            clicks=row.clicks,
            flagged_networks=row.flagged_networks,
            flagged_clicks=row.flagged_clicks,
            flagged_share=row.flagged_clicks / row.clicks if row.clicks else 0,
        )
        for row in rows
    ]
    return FlaggedDaysAnswer(
        period=query.period,
        computed_at=query.now,
        thresholds=query.used("fraud_ip_click_threshold", "fraud_rule"),
        days=days,
    )
