"""Conversions that the guardrails flag, for growth figures without them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.tables import BURST_SIZES
from metrics_api.detection.context import Reading

# Reads the period's conversion events by the index on (event_type, occurred_at), and no other events.
_SUSPECT = """
    WITH flagged_ip AS (
        SELECT day, ip_address FROM clicks_per_ip_day fact
        WHERE day = ANY(:days) AND clicks > :ip_clicks AND NOT EXISTS (
            SELECT FROM trusted_networks
            WHERE fact.ip_address <<= cidr AND (expires_at IS NULL OR expires_at > :now))
    ), flagged_device AS (
        SELECT DISTINCT device_fingerprint FROM bursts_per_device_day
        WHERE day = ANY(:days) AND {span} <= make_interval(secs => :seconds)
    ), flagged_referrer AS (
        SELECT referrer_id FROM (
            SELECT referrer_id, sum(conversions) AS conversions FROM activity_per_referrer_day
            WHERE day = ANY(:days) AND referrer_id <> '' GROUP BY day, referrer_id
            HAVING sum(conversions) > :daily
        ) AS busy_day
        UNION
        SELECT referrer_id FROM activity_per_referrer_day WHERE day = ANY(:days) AND referrer_id <> ''
        GROUP BY referrer_id
        HAVING sum(clicks) >= :min_clicks AND sum(conversions) > CAST(:rate AS numeric) * sum(clicks)
            OR sum(clicks) = 0 AND sum(conversions) >= :min_clicks
    ), conversion AS (
        SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, ip_address, device_fingerprint, referrer_id
        FROM attribution_events
        WHERE event_type = 'conversion' AND referrer_id IS NOT NULL
            AND occurred_at >= :first AND occurred_at < :behind
    )
    SELECT day, count(*) AS conversions FROM conversion
    WHERE (day, ip_address) IN (SELECT day, ip_address FROM flagged_ip)
        OR device_fingerprint IN (SELECT device_fingerprint FROM flagged_device)
        OR referrer_id IN (SELECT referrer_id FROM flagged_referrer)
    GROUP BY day ORDER BY day
"""


def fetch_suspect_conversions(connection: Connection, reading: Reading) -> Sequence[Row[Any]]:
    """For each day, the conversions from a flagged address or device, or credited to a flagged referrer."""
    settings, period = reading.settings, reading.period
    span = f"span_{BURST_SIZES[BURST_SIZES.index(settings.bot_rapid_click_threshold)]}"
    return connection.execute(
        text(_SUSPECT.format(span=span)),
        {
            "days": period.dates(),
            "now": reading.now,
            "ip_clicks": settings.fraud_ip_click_threshold,
            "seconds": settings.bot_rapid_click_window_seconds,
            "daily": settings.conversion_anomaly_daily_threshold,
            "rate": settings.conversion_anomaly_threshold,
            "min_clicks": settings.conversion_anomaly_min_clicks,
            "first": period.begins_at,
            "behind": period.ends_before,
        },
    ).all()
