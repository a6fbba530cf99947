"""Conversion anomalies: referrers who convert too often on one UTC day, or too often for their clicks.

All loops of a referrer count together; events that credit nobody never flag. A rate is judged from
`conversion_anomaly_min_clicks` clicks on, or from as many conversions where there is no click at all, which counts as a
rate of 1.0. A referrer with some clicks, but fewer than that, has no rate that could be judged, however many
conversions it has; the limit for one day is what catches it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.paging import encode_cursor
from metrics_api.detection.entity_lists import Lists
from metrics_api.detection.query import Query
from viral_contract.models.guardrails import AnomalyAnswer, HighRateReferrer, SuspiciousReferrer

CURSOR = "anomalies"
_NO_POSITION = ""

# What nobody gets the credit for is nobody's: it is not in the table.
_BUSY_DAYS = """
    SELECT day, referrer_id, conversions FROM conversions_per_referrer_day
    WHERE source = '' AND day = {day} AND conversions > :daily
        AND referrer_id <> ALL(CAST(:allow_referrer AS text[])) {only}
"""
BUSY_DAYS = _BUSY_DAYS.format(day="ANY(:days)", only="")
"""The referrers with too many conversions on a day; wants `flagging_values`, as the others do."""
BUSY_DAY = _BUSY_DAYS.format(day=":day", only="AND referrer_id = :referrer")
"""The same of one `referrer` on one `day`."""
# Whoever has `min_clicks` clicks and a rate above `rate` has more than min_clicks * (rate - low) conversions in rows
# whose own rate is at least `low`, whatever that is: all other rows together have too few conversions for their clicks.
# Those rows have more conversions than `rate` asks for of the fewest clicks that they can have by their tenths, too.
_EAGER_CANDIDATES = """
    SELECT referrer_id FROM activity_per_referrer_day
    WHERE day = ANY(:days) AND conversions > 0 AND conversion_tenths >= :low_tenths AND referrer_id <> ''
    GROUP BY referrer_id
    HAVING sum(conversions) > :min_clicks * (CAST(:rate AS numeric) - CAST(:low_tenths AS numeric) / 10)
        AND sum(conversions * CASE conversion_tenths WHEN 10 THEN 1
            ELSE 1 - 10 * CAST(:rate AS double precision) / (conversion_tenths + 1) END) > 0
"""
_EAGER_REFERRERS = """
    SELECT referrer_id, clicks, conversions, coalesce(conversions / nullif(clicks, 0), 1) AS rate
    FROM ({candidates}) AS candidate CROSS JOIN LATERAL (
        SELECT sum(clicks) AS clicks, sum(conversions) AS conversions FROM activity_per_referrer_day AS fact
        WHERE fact.day = ANY(:days) AND fact.referrer_id = candidate.referrer_id
    ) AS summed
    WHERE referrer_id <> ALL(CAST(:allow_referrer AS text[]))
        AND CASE WHEN clicks = 0 THEN conversions >= :min_clicks AND 1 > CAST(:rate AS numeric)
            ELSE clicks >= :min_clicks AND conversions > CAST(:rate AS numeric) * clicks END
"""
EAGER_REFERRERS = _EAGER_REFERRERS.format(candidates=_EAGER_CANDIDATES)
"""The referrers with too high a rate."""
EAGER_REFERRER = _EAGER_REFERRERS.format(candidates="SELECT CAST(:referrer AS text) AS referrer_id")
"""The same of one `referrer`."""
# One statement, so that each list is computed once for its page and for the total.
_ANSWER = f"""
    WITH busy AS MATERIALIZED ({BUSY_DAYS}), eager AS MATERIALIZED ({EAGER_REFERRERS})
    SELECT total, listed.*
    FROM (SELECT count(*) AS total FROM (SELECT referrer_id FROM busy UNION SELECT referrer_id FROM eager) AS flagged)
    LEFT JOIN (
        (SELECT 'busy' AS list, day, referrer_id, conversions, NULL AS clicks, NULL AS rate FROM busy
            WHERE {{behind_day}} ORDER BY -conversions, day, referrer_id LIMIT :fetch)
        UNION ALL
        (SELECT 'eager', NULL, referrer_id, conversions, clicks, rate FROM eager
            WHERE {{behind_rate}} ORDER BY -rate, referrer_id LIMIT :fetch)
    ) AS listed ON true
"""
_BEHIND_DAY = "(-conversions, day, referrer_id) > (CAST(:last_count AS numeric), CAST(:last_day AS date), :last_busy)"
_BEHIND_RATE = "(-rate, referrer_id) > (CAST(:last_rate AS numeric), :last_eager)"
_POSITION = ("last_count", "last_day", "last_busy", "last_rate", "last_eager")


def fetch_anomalies(connection: Connection, query: Query, lists: Lists) -> AnomalyAnswer:
    """The flagged referrers of the period: the busiest days, and the highest rates.

    Each list has up to `query.page.limit` rows; one cursor goes on in both.
    """
    after = dict(zip(_POSITION, query.page.after or [_NO_POSITION] * len(_POSITION), strict=True))
    statement = _ANSWER.format(
        behind_day=_BEHIND_DAY if after["last_day"] else "true",
        behind_rate=_BEHIND_RATE if after["last_rate"] else "true",
    )
    given = {name: value for name, value in after.items() if value}
    rows = connection.execute(
        text(statement), {**flagging_values(query, lists), **given, "fetch": query.page.fetch}
    ).all()
    return format_anomalies(rows, after, query)


def fetch_is_eager(connection: Connection, query: Query, lists: Lists, referrer_id: str) -> bool:
    """Whether this referrer's rate in the period is flagged."""
    statement = text(f"SELECT EXISTS ({EAGER_REFERRER})")
    flagged: bool = connection.execute(
        statement, {**flagging_values(query, lists), "referrer": referrer_id}
    ).scalar_one()
    return flagged


def flagging_values(query: Query, lists: Lists) -> dict[str, object]:
    """What decides who is flagged: the dates, the limits and who is allowed."""
    settings = query.settings
    return {
        "days": query.period.dates(),
        "daily": settings.conversion_anomaly_daily_threshold,
        "rate": str(settings.conversion_anomaly_threshold),
        "low_tenths": _choose_low_tenths(settings.conversion_anomaly_threshold),
        "min_clicks": settings.conversion_anomaly_min_clicks,
        "allow_referrer": list(lists.allow["referrer"]),
    }


def _choose_low_tenths(rate: float) -> int:
    """Up to the rate: the lower, the fewer candidates there are, and the more rows they are found in."""
    return max(int(2.5 * rate), min(1, int(10 * rate)))


def format_anomalies(rows: Sequence[Row[Any]], after: dict[str, str], query: Query) -> AnomalyAnswer:
    """The answer for the fetched rows; the last of each list may belong to the next page."""
    busy, more_busy = query.page.split([row for row in rows if row.list == "busy"])
    eager, more_eager = query.page.split([row for row in rows if row.list == "eager"])
    return AnomalyAnswer(
        period=query.period,
        computed_at=query.now,
        thresholds=query.used(
            "conversion_anomaly_daily_threshold", "conversion_anomaly_threshold", "conversion_anomaly_min_clicks"
        ),
        suspicious_referrers=[
            SuspiciousReferrer(date=row.day, referrer_id=row.referrer_id, conversion_count=row.conversions)
            for row in busy
        ],
        high_conversion_rate_referrers=[
            HighRateReferrer(
                referrer_id=row.referrer_id,
                total_clicks=row.clicks,
                total_conversions=row.conversions,
                conversion_rate=row.rate,
            )
            for row in eager
        ],
        total_flagged=rows[0].total,
        next_cursor=_next_cursor(busy, eager, after, query) if more_busy or more_eager else None,
    )


def _next_cursor(busy: list[Row[Any]], eager: list[Row[Any]], after: dict[str, str], query: Query) -> str:
    position = dict(after)
    if busy:
        last = busy[-1]
        position |= {"last_count": str(-last.conversions), "last_day": str(last.day), "last_busy": last.referrer_id}
    if eager:
        position |= {"last_rate": str(-eager[-1].rate), "last_eager": eager[-1].referrer_id}
    return encode_cursor(query.identifiers.references, CURSOR, [position[name] for name in _POSITION])
