"""Investigates who gets the credit."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.detection.anomalies import fetch_is_eager
from metrics_api.detection.entity_lists import Lists, fetch_active_lists, find_list
from metrics_api.detection.investigations.answer import Subject, format_common, is_flagged
from metrics_api.detection.query import Query
from viral_contract.models.events import EventType
from viral_contract.models.investigations import ConversionsOfDay, ReferrerInvestigation

_COUNTS: dict[EventType, str] = {
    "click": "clicks",
    "visit": "visits",
    "signup": "signups",
    "conversion": "conversions",
    "activation": "activations",
}
_DAYS = text(f"""
    SELECT day, sum(invites) AS invites, {", ".join(f"sum({name}) AS {name}" for name in _COUNTS.values())}
    FROM activity_per_referrer_day WHERE day = ANY(:days) AND referrer_id = :referrer GROUP BY day ORDER BY day
""")


def fetch_referrer_investigation(connection: Connection, subject: Subject, query: Query) -> ReferrerInvestigation:
    """What happened in the referrer's name in the period."""
    given = {"days": query.period.dates(), "referrer": subject.identifier}
    days = connection.execute(_DAYS, given).all()
    lists = fetch_active_lists(connection, query)
    is_eager = fetch_is_eager(connection, query, lists, subject.identifier)
    return format_referrer_investigation(subject, days, is_eager, lists, query)


def format_referrer_investigation(
    subject: Subject, rows: Sequence[Row[Any]], is_eager: bool, lists: Lists, query: Query
) -> ReferrerInvestigation:
    """The answer for the referrer, its activity by day, and whether its rate is flagged."""
    settings = query.settings
    daily, clicks = settings.conversion_anomaly_daily_threshold, settings.conversion_anomaly_min_clicks
    totals = {kind: sum(getattr(row, name) for row in rows) for kind, name in _COUNTS.items()}
    days = [_format_day(row, daily) for row in rows]
    listed = find_list(lists, "referrer", subject.identifier)
    return ReferrerInvestigation(
        **{**format_common(subject, query), "totals": totals},
        thresholds=query.used(
            "conversion_anomaly_daily_threshold", "conversion_anomaly_threshold", "conversion_anomaly_min_clicks"
        ),
        rule=(
            f"More than {daily} conversions in one day (UTC), or a conversion rate above "
            f"{settings.conversion_anomaly_threshold * 100:g}% with at least {clicks} clicks"
        ),
        flagged=is_flagged(listed, by_rule=is_eager or any(day.above_threshold for day in days)),
        listed=listed,
        days=days,
        conversion_rate=_rate(totals["click"], totals["conversion"]),
        high_conversion_rate=is_eager,
    )


def _format_day(row: Row[Any], daily: int) -> ConversionsOfDay:
    return ConversionsOfDay(
        date=row.day,
        invites=row.invites,
        clicks=row.clicks,
        conversions=row.conversions,
        above_threshold=row.conversions > daily,
    )


def _rate(clicks: int, conversions: int) -> float:
    if clicks:
        return conversions / clicks
    return 1.0 if conversions else 0.0
