"""Investigates an address."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.detection.investigations.answer import Subject, format_common
from metrics_api.detection.query import Query
from metrics_api.detection.trusted_networks import fetch_active_trust, find_network
from viral_contract.models.investigations import ClicksOfDay, IpInvestigation, TrustedNetworkMatch

_DAYS = text("""
    SELECT day, clicks FROM clicks_per_ip_day
    WHERE day = ANY(:days) AND ip_address = CAST(:ip_address AS inet) ORDER BY day
""")


def fetch_ip_investigation(connection: Connection, subject: Subject, query: Query) -> IpInvestigation:
    """What the address did in the period."""
    given = {"days": query.period.dates(), "ip_address": subject.identifier}
    days = connection.execute(_DAYS, given).all()
    return format_ip_investigation(subject, days, fetch_active_trust(connection, now=query.now), query)


def format_ip_investigation(
    subject: Subject, rows: Sequence[Row[Any]], trust: Mapping[str, str], query: Query
) -> IpInvestigation:
    """The answer for the address, its clicks by day, and the networks that are trusted, with their reasons."""
    threshold = query.settings.fraud_ip_click_threshold
    days = [ClicksOfDay(date=row.day, clicks=row.clicks, above_threshold=row.clicks > threshold) for row in rows]
    trusted_network = _find_match(subject.identifier, trust, query)
    common = format_common(subject, query)
    return IpInvestigation(
        **{**common, "totals": {**common["totals"], "click": sum(day.clicks for day in days)}},
        thresholds=query.used("fraud_ip_click_threshold"),
        rule=f"More than {threshold} clicks in one day (UTC)",
        flagged=trusted_network is None and any(day.above_threshold for day in days),
        days=days,
        trusted_network=trusted_network,
    )


def _find_match(ip_address: str, trust: Mapping[str, str], query: Query) -> TrustedNetworkMatch | None:
    try:
        cidr = find_network(trust, ip_address)
    except ValueError:
        return None
    return TrustedNetworkMatch(cidr=query.identifiers.show_network(cidr), reason=trust[cidr])
