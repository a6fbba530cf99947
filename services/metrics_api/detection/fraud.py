"""Suspicious clicks: addresses with more clicks on one UTC day than the threshold."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Connection, Row, text

from metrics_api.db.paging import encode_cursor
from metrics_api.detection.query import Query
from metrics_api.detection.trusted_networks import find_network
from viral_contract.models.guardrails import FraudAnswer, SuspiciousIp, TrustedIp

CURSOR = "fraud"
_TRUSTED_ROWS = 50
_SAMPLED_EVENTS = 200
_SHARED_DEVICES = 10
_SHARED_PACE = 3

# Each day is one range of the index on (day, clicks), which holds nothing but the flagged rows.
_FLAGGED = "FROM clicks_per_ip_day AS fact WHERE day = ANY(:days) AND clicks > :threshold"
_IS_TRUSTED = "fact.ip_address <<= ANY(CAST(:trusted AS inet[]))"
_ROWS = f"SELECT day, fact.ip_address, clicks {_FLAGGED}"
_WORST_FIRST = "ORDER BY -clicks, day, fact.ip_address LIMIT :fetch"
_BEHIND = "AND (-clicks, day, fact.ip_address) > (CAST(:clicks AS bigint), CAST(:day AS date), CAST(:ip AS inet))"
_TRUSTED = f"SELECT day, host(ip_address) AS ip_address, clicks {_FLAGGED} AND {_IS_TRUSTED} {_WORST_FIRST}"

FLAGGED_DAYS = f"SELECT day, ip_address, clicks {_FLAGGED} AND NOT {_IS_TRUSTED}"
"""Every flagged day and address with its clicks, given `flagging_values`."""

# Both look-ups are bounded for each row shown, because an attacker chooses how much an address has done.
_ROWS_WITH_CONTEXT = f"""
    SELECT day, host(ip_address) AS ip_address, clicks, devices, active_hours
    FROM ({_ROWS} AND NOT {_IS_TRUSTED} {{behind}} {_WORST_FIRST}) AS fact
    CROSS JOIN LATERAL (SELECT day::timestamp AT TIME ZONE 'UTC' AS midnight) AS date
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT device_fingerprint) AS devices FROM (
            SELECT device_fingerprint FROM attribution_events AS event
            WHERE event.ip_address = fact.ip_address
                AND occurred_at >= midnight AND occurred_at < midnight + interval '1 day'
            ORDER BY occurred_at LIMIT {_SAMPLED_EVENTS}
        ) AS first_events
    ) AS sample
    CROSS JOIN LATERAL (
        SELECT count(*) AS active_hours FROM generate_series(0, 23) AS hour CROSS JOIN LATERAL (
            SELECT FROM attribution_events AS event
            WHERE event.ip_address = fact.ip_address AND occurred_at >= midnight + make_interval(hours => hour)
                AND occurred_at < midnight + make_interval(hours => hour + 1) LIMIT 1
        ) AS event_in_hour
    ) AS activity
    ORDER BY -clicks, day, fact.ip_address
"""
# The total is there where no row is.
_ROWS_AND_TOTAL = f"""
    SELECT total, listed.* FROM (
        SELECT count(DISTINCT ip_address) AS total {_FLAGGED} AND NOT {_IS_TRUSTED}
    ) AS counted LEFT JOIN ({_ROWS_WITH_CONTEXT}) AS listed ON true
    ORDER BY -clicks, day, CAST(ip_address AS inet)
"""


def flagging_values(query: Query, trust: Collection[str]) -> dict[str, object]:
    """What decides who is flagged: the dates, the threshold, and the networks that are trusted."""
    return {
        "days": query.period.dates(),
        "threshold": query.settings.fraud_ip_click_threshold,
        "trusted": list(trust),
    }


def fetch_fraud(connection: Connection, query: Query, trust: Mapping[str, str]) -> FraudAnswer:
    """The flagged addresses of the period outside the trusted networks, the most clicks first."""
    flagged = flagging_values(query, trust)
    after = dict(zip(("clicks", "day", "ip"), query.page.after, strict=True)) if query.page.after else {}
    statement = text(_ROWS_AND_TOTAL.format(behind=_BEHIND if after else ""))
    found = connection.execute(statement, {**flagged, **after, "fetch": query.page.fetch}).all()
    trusted = connection.execute(text(_TRUSTED), {**flagged, "fetch": _TRUSTED_ROWS}).all() if trust else []
    rows = [row for row in found if row.day is not None]
    return format_fraud(rows, found[0].total, format_trusted(trusted, trust, query), query)


def format_fraud(rows: Sequence[Row[Any]], total: int, trusted: list[TrustedIp], query: Query) -> FraudAnswer:
    """The answer for the fetched rows, of which the last may belong to the next page."""
    shown, last = query.page.split(rows)
    references = query.identifiers.references
    return FraudAnswer(
        period=query.period,
        computed_at=query.now,
        thresholds=query.used("fraud_ip_click_threshold"),
        suspicious_ips=[_format_suspicious(row, query) for row in shown],
        trusted_ips=trusted,
        total_flagged_ips=total,
        threshold_used=query.settings.fraud_ip_click_threshold,
        next_cursor=last and encode_cursor(references, CURSOR, (-last.clicks, last.day, last.ip_address)),
    )


def _format_suspicious(row: Row[Any], query: Query) -> SuspiciousIp:
    pace = row.clicks / row.active_hours if row.active_hours else None
    return SuspiciousIp(
        date=row.day,
        ip_address=query.identifiers.show_ip_address(row.ip_address),
        ref=query.identifiers.references.to_ref(row.ip_address),
        alias=query.identifiers.references.to_alias(row.ip_address),
        click_count=row.clicks,
        devices=row.devices,
        pace_per_hour=pace,
        hint=suggest_cause(row.devices, pace),
    )


def suggest_cause(devices: int, pace_per_hour: float | None) -> Literal["shared_network"] | None:
    """A harmless reason for many clicks: many devices, none of which clicks more than people do.

    The numbers of a class are 28 devices and 28 clicks an hour, those of a click farm 5 devices and 60 clicks. Whoever
    changes fingerprints with every click looks like a school too, so this is a question to ask, never an answer.
    """
    if pace_per_hour is None or devices < _SHARED_DEVICES or pace_per_hour > _SHARED_PACE * devices:
        return None
    return "shared_network"


def format_trusted(rows: Sequence[Row[Any]], trust: Mapping[str, str], query: Query) -> list[TrustedIp]:
    """The addresses that would be flagged, each with the narrowest trusted network that holds it."""
    networks = [find_network(trust, row.ip_address) for row in rows]
    return [
        TrustedIp(
            date=row.day,
            ip_address=query.identifiers.show_ip_address(row.ip_address),
            ref=query.identifiers.references.to_ref(row.ip_address),
            alias=query.identifiers.references.to_alias(row.ip_address),
            click_count=row.clicks,
            cidr=query.identifiers.show_network(cidr),
            reason=trust[cidr],
        )
        for row, cidr in zip(rows, networks, strict=True)
    ]
