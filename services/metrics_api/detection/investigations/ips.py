"""Investigates a network: an IPv4 address, or all addresses with the same IPv6 prefix."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.detection.entity_lists import Lists, fetch_active_lists, find_entry, find_list
from metrics_api.detection.investigations.answer import Subject, format_common, is_flagged
from metrics_api.detection.networks import NEWNESS, build_suspects, flagging_values, format_evidence, judge
from metrics_api.detection.query import Query
from viral_contract.models.investigations import ClicksOfDay, IpInvestigation, TrustedNetworkMatch

_OF_NETWORK = "AND fact.ip_address = CAST(:ip_address AS inet)"
_DAYS = f"""
    SELECT day, clicks, judged.* FROM clicks_per_ip_day AS fact LEFT JOIN (
        SELECT day AS judged_day, devices, referrers, top_referrer_clicks, is_for_few, is_shared, newness.*
        FROM ({{candidates}}) AS fact CROSS JOIN LATERAL ({NEWNESS}) AS newness
    ) AS judged ON judged_day = day
    WHERE day = ANY(:days) {_OF_NETWORK} ORDER BY day
"""


def fetch_ip_investigation(connection: Connection, subject: Subject, query: Query) -> IpInvestigation:
    """What the network did in the period."""
    lists = fetch_active_lists(connection, query)
    statement = text(_DAYS.format(candidates=build_suspects(_OF_NETWORK)))
    given = {**flagging_values(query, lists), "ip_address": subject.identifier}
    return format_ip_investigation(subject, connection.execute(statement, given).all(), lists, query)


def format_ip_investigation(subject: Subject, rows: Sequence[Row[Any]], lists: Lists, query: Query) -> IpInvestigation:
    """The answer for the network, its clicks by day, and the list that it is on."""
    threshold = query.settings.fraud_ip_click_threshold
    days = [_format_day(row, query) for row in rows]
    listed = find_list(lists, "network", subject.identifier)
    common = format_common(subject, query)
    return IpInvestigation(
        **{**common, "totals": {**common["totals"], "click": sum(day.clicks for day in days)}},
        thresholds=query.used("fraud_ip_click_threshold", "fraud_rule"),
        rule=f"More than {threshold} clicks in one day (UTC)",
        flagged=is_flagged(listed, by_rule=any(day.verdict in ("flagged", "rotating") for day in days)),
        listed=listed,
        days=days,
        trusted_network=_find_match(subject.identifier, lists, query),
    )


def _format_day(row: Row[Any], query: Query) -> ClicksOfDay:
    rule, threshold = query.settings.fraud_rule, query.settings.fraud_ip_click_threshold
    is_above = row.clicks > threshold
    is_judged = row.judged_day is not None
    return ClicksOfDay(
        date=row.day,
        clicks=row.clicks,
        above_threshold=is_above,
        verdict=judge(row, rule, threshold) if is_judged else None,
        evidence=format_evidence(row) if is_judged else None,
    )


def _find_match(network: str, lists: Lists, query: Query) -> TrustedNetworkMatch | None:
    cidr = find_entry(lists.allow, "network", network)
    if cidr is None:
        return None
    return TrustedNetworkMatch(cidr=query.identifiers.show_network(cidr), reason=lists.allow["network"][cidr])
