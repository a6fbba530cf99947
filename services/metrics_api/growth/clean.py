"""Conversions that the guardrails flag, for growth figures without them."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Connection, text

from metrics_api.detection import anomalies, fraud
from metrics_api.detection.bots import flagged_devices
from metrics_api.detection.query import Query

# Reads the period's conversion events by the index on (event_type, occurred_at), and no other events.
_SUSPECT = """
    WITH flagged_ip AS ({flagged_ips}), flagged_device AS ({flagged_devices}),
    busy AS ({busy_days}), eager AS ({eager_referrers}),
    conversion AS (
        SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, ip_address, device_fingerprint, referrer_id
        FROM attribution_events
        WHERE event_type = 'conversion' AND referrer_id IS NOT NULL
            AND occurred_at >= :first AND occurred_at < :behind
            AND (ip_address IS NULL OR NOT ip_address <<= ANY(CAST(:trusted AS inet[])))
    )
    SELECT day, count(*) AS conversions FROM conversion
    WHERE (day, ip_address) IN (SELECT day, ip_address FROM flagged_ip)
        OR device_fingerprint IN (SELECT device_fingerprint FROM flagged_device)
        OR referrer_id IN (SELECT referrer_id FROM busy UNION SELECT referrer_id FROM eager)
    GROUP BY day ORDER BY day
"""


def fetch_suspect_conversions(connection: Connection, query: Query, trust: Mapping[str, str]) -> dict[date, int]:
    """For each day, the conversions from a flagged address or device, or credited to a flagged referrer.

    Those from trusted networks are above suspicion.
    """
    devices, bot_values = flagged_devices(query, trust)
    statement = _SUSPECT.format(
        flagged_ips=fraud.FLAGGED_DAYS,
        flagged_devices=devices,
        busy_days=anomalies.BUSY_DAYS,
        eager_referrers=anomalies.EAGER_REFERRERS.format(only=""),
    )
    dates = {"first": query.period.begins_at, "behind": query.period.ends_before}
    values = fraud.flagging_values(query, trust) | bot_values | anomalies.flagging_values(query) | dates
    return {row.day: row.conversions for row in connection.execute(text(statement), values)}
