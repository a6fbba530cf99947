"""Findings about devices: bursts of clicks."""

from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.cases.findings import Finding
from metrics_api.detection.bots import flagged_devices
from metrics_api.detection.entity_lists import Lists
from metrics_api.detection.query import Query
from viral_contract.models.referrer_evidence import RuleEvidence

_FLAGGED = """
    WITH flagged AS MATERIALIZED ({flagged})
    SELECT device_fingerprint, fastest, clicks, days, first_click_at, last_click_at, ARRAY(
        SELECT event_id FROM attribution_events AS event
        WHERE event.device_fingerprint = clicked.device_fingerprint AND event_type = 'conversion'
            AND occurred_at >= :first AND occurred_at < :behind AND referrer_id IS NOT NULL
            AND (ip_address IS NULL OR NOT ip_address <<= ANY(CAST(:networks AS inet[])))
    ) AS conversions FROM (
        SELECT device_fingerprint, fastest, sum(clicks)::bigint AS clicks, count(*) AS days,
            min(first_click_at) AS first_click_at, max(last_click_at) AS last_click_at
        FROM flagged JOIN clicks_per_device_day USING (device_fingerprint)
        WHERE day = ANY(:days) GROUP BY device_fingerprint, fastest
    ) AS clicked
"""


def find_devices(connection: Connection, query: Query, lists: Lists) -> list[Finding]:
    """What is found about each bot-like device, verdicts aside."""
    flagged, values = flagged_devices(query, lists, by_bursts_alone=True)
    trusted = list(lists.allow["network"])
    dates = {"first": query.period.begins_at, "behind": query.period.ends_before, "networks": trusted}
    rows = connection.execute(text(_FLAGGED.format(flagged=flagged)), values | dates)
    return [_format(row, query) for row in rows]


def _format(row: Row[Any], query: Query) -> Finding:
    settings, fastest = query.settings, row.fastest.total_seconds()
    rule = RuleEvidence(
        rule="burst",
        strength="flags",
        statistic=fastest,
        expected=settings.bot_rapid_click_window_seconds,
        n=row.clicks,
        evidence={"clicks": settings.bot_rapid_click_threshold, "seconds": fastest, "days": row.days},
    )
    return Finding(
        kind="device",
        entity=row.device_fingerprint,
        rule=rule,
        clicks=row.clicks,
        conversions=frozenset(row.conversions),
        first_seen=row.first_click_at,
        last_seen=row.last_click_at,
    )
