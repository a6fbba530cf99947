"""Findings about what admins denied or have watched, and that was seen in the period."""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.cases.findings import Finding
from metrics_api.db.event_types import IS_COUNTED
from metrics_api.db.network_key import build_last_address, format_network
from metrics_api.detection.entity_lists import Lists, Reasons
from metrics_api.detection.query import Query
from metrics_api.ingest.retained import begin
from viral_contract.models.cases import CaseKind, EntityRule
from viral_contract.models.referrer_evidence import RuleEvidence, Strength

_LOOKED_UP_EVENTS = 10_000
_SUMS = "coalesce(sum(clicks), 0)::bigint AS clicks, min(day) AS first_day, max(day) AS last_day"
# Of a link, clicks and dates are those of some events, as strangers choose how many there are.
_SEEN: Mapping[CaseKind, str] = {
    "network": f"""
        SELECT {_SUMS} FROM unnest(CAST(:days AS date[])) AS of_day JOIN clicks_per_ip_day AS fact ON day = of_day
            AND ip_address >= CAST(value AS inet) AND ip_address <= {build_last_address("CAST(value AS inet)")}
    """,
    "device": f"SELECT {_SUMS} FROM clicks_per_device_day WHERE device_fingerprint = value AND day = ANY(:days)",
    "referrer": f"SELECT {_SUMS} FROM activity_per_referrer_day WHERE day = ANY(:days) AND referrer_id = value",
    "link": f"""
        SELECT count(*) FILTER (WHERE event_type = 'click') AS clicks, min(day) AS first_day, max(day) AS last_day
        FROM (
            SELECT event_type, (occurred_at AT TIME ZONE 'UTC')::date AS day
            FROM attribution_events WHERE link_id = value AND {IS_COUNTED}
                AND occurred_at >= :first AND occurred_at < :behind LIMIT {_LOOKED_UP_EVENTS}
        ) AS event
    """,
}
_REFERRALS = "referrals WHERE event_type = 'conversion' AND day = ANY(:days)"
# Each that is on the list is looked up by itself, so that other referrals are not read.
_CONVERSIONS: Mapping[CaseKind, str] = {
    "network": f"""
        SELECT value, event_id FROM (
            SELECT value, CAST(value AS inet) AS listed FROM unnest(CAST(:listed AS text[])) AS own (value)
        ) AS own CROSS JOIN LATERAL (
            SELECT event_id FROM {_REFERRALS} AND network >= listed AND network <= {build_last_address("listed")}
                AND network <<= listed OFFSET 0
        ) AS referral
    """,
    "device": """
        SELECT device_fingerprint AS value, event_id FROM attribution_events
        WHERE device_fingerprint = ANY(:listed) AND event_type = 'conversion'
            AND occurred_at >= :first AND occurred_at < :behind AND referrer_id IS NOT NULL
    """,
    "referrer": f"SELECT referrer_id AS value, event_id FROM {_REFERRALS} AND referrer_id = ANY(:listed)",
    "link": f"SELECT link_id AS value, event_id FROM {_REFERRALS} AND link_id = ANY(:listed)",
}
_FOUND = """
    SELECT listed.value, seen.*, conversions FROM unnest(CAST(:listed AS text[])) AS listed (value)
        CROSS JOIN LATERAL ({seen}) AS seen
        LEFT JOIN (
            SELECT value, array_agg(event_id) AS conversions FROM ({conversions}) AS conversion GROUP BY value
        ) AS at_stake USING (value)
    WHERE first_day IS NOT NULL
"""


def find_listed(connection: Connection, query: Query, lists: Lists) -> list[Finding]:
    """What was seen of denied and of watched referrers, devices, networks and links, verdicts aside."""
    return [
        *_find(connection, query, lists.deny, "denied", "flags"),
        *_find(connection, query, lists.watch, "watched", "looks"),
    ]


def _find(
    connection: Connection, query: Query, reasons: Reasons, rule: EntityRule, strength: Strength
) -> list[Finding]:
    dates = {"days": query.period.dates(), "first": query.period.begins_at, "behind": query.period.ends_before}
    found = []
    for kind, seen in _SEEN.items():
        if reasons[kind]:
            statement = text(_FOUND.format(seen=seen, conversions=_CONVERSIONS[kind]))
            rows = connection.execute(statement, {**dates, "listed": sorted(reasons[kind])})
            found += [_format(kind, row, rule, strength) for row in rows]
    return found


def _format(kind: CaseKind, row: Row[Any], rule: EntityRule, strength: Strength) -> Finding:
    return Finding(
        kind=kind,
        entity=format_network(ip_network(row.value)) if kind == "network" else row.value,
        rule=RuleEvidence(rule=rule, strength=strength, n=row.clicks),
        clicks=row.clicks,
        conversions=frozenset(row.conversions or ()),
        first_seen=begin(row.first_day),
        last_seen=begin(row.last_day),
    )
