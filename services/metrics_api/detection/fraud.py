"""Suspicious clicks: networks with more clicks on one UTC day than the threshold."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.event_types import IS_COUNTED
from metrics_api.db.network_key import select_events
from metrics_api.db.paging import encode_cursor
from metrics_api.detection.entity_lists import Lists, Networks
from metrics_api.detection.entity_values import parse_network
from metrics_api.detection.networks import NEWNESS, build_suspects, flagging_values, format_evidence, judge
from metrics_api.detection.query import Query
from metrics_api.school_calendar.terms import Terms, fetch_terms
from viral_contract.models.guardrails import (
    FraudAnswer,
    NetworkEvidence,
    SharedNetwork,
    SuspiciousIp,
    TrustedIp,
    TrustProposal,
)

CURSOR = "fraud_networks"
_NO_POSITION = ""
_TRUSTED_ROWS = 50
# A family stays below, a class is above.
_SCHOOL_DEVICES = 10

_WORST_FIRST = "ORDER BY -clicks, day, ip_address"
_BEHIND = """AND (-clicks, day, ip_address)
    > (CAST(:{list}_clicks AS bigint), CAST(:{list}_day AS date), CAST(:{list}_ip AS inet))"""
_LISTS = ("suspicious", "shared")
_POSITION = tuple(f"{name}_{part}" for name in _LISTS for part in ("clicks", "day", "ip"))
_IN_HOUR = """occurred_at >= hour AND occurred_at < hour + interval '1 hour'"""
# Looked up hour by hour and among the first events of each, because an attacker chooses how much a network has done.
_LOOKED_UP_EVENTS = 100
_ACTIVE_HOURS = f"""
    SELECT count(*) AS active_hours FROM generate_series(
        fact.day::timestamp AT TIME ZONE 'UTC', (fact.day + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 hour',
        interval '1 hour'
    ) AS hour CROSS JOIN LATERAL (
        SELECT FROM (
            {select_events("event_type, traffic_class", "fact.ip_address", _IN_HOUR)} LIMIT {_LOOKED_UP_EVENTS}
        ) AS event WHERE event_type = 'click' AND {IS_COUNTED} LIMIT 1
    ) AS click_in_hour
"""
# The totals are there where no row is.
_ANSWER = f"""
    WITH candidate AS MATERIALIZED ({{candidates}}), listed AS (
        (SELECT 'suspicious' AS list, * FROM candidate
        WHERE NOT is_trusted AND NOT is_shared AND NOT is_quiet {{behind_suspicious}} {_WORST_FIRST} LIMIT :fetch)
        UNION ALL
        (SELECT 'shared', * FROM candidate
        WHERE NOT is_trusted AND is_shared {{behind_shared}} {_WORST_FIRST} LIMIT :fetch)
    )
    SELECT total.flagged, total.shared, shown.* FROM (
        SELECT count(DISTINCT ip_address) FILTER (WHERE NOT is_trusted AND NOT is_shared AND NOT is_quiet) AS flagged,
            count(DISTINCT ip_address) FILTER (WHERE NOT is_trusted AND is_shared) AS shared
        FROM candidate
    ) AS total LEFT JOIN (
        SELECT list, day, abbrev(ip_address) AS network, clicks, devices, referrers, top_referrer_clicks,
            is_for_few, looks_shared, is_shared, is_denied, activity.*, newness.*
        FROM listed AS fact CROSS JOIN LATERAL ({_ACTIVE_HOURS}) AS activity
            CROSS JOIN LATERAL ({NEWNESS}) AS newness
        UNION ALL
        (SELECT 'trusted', day, abbrev(ip_address), clicks, devices, referrers, top_referrer_clicks,
            is_for_few, looks_shared, is_shared, is_denied, 0, 0, 0
        FROM candidate WHERE is_trusted {_WORST_FIRST} LIMIT {_TRUSTED_ROWS})
    ) AS shown ON true
    ORDER BY -clicks, day, CAST(network AS inet)
"""


def fetch_fraud(connection: Connection, query: Query, lists: Lists) -> FraudAnswer:
    """The networks above the threshold or denied, the most clicks first: flagged, shared and trusted ones apart.

    Flagged and shared ones have up to `query.page.limit` rows each; one cursor goes on in both.
    """
    after = dict(zip(_POSITION, query.page.after or [_NO_POSITION] * len(_POSITION), strict=True))
    behind = {f"behind_{name}": _BEHIND.format(list=name) if after[f"{name}_day"] else "" for name in _LISTS}
    statement = text(_ANSWER.format(candidates=build_suspects(), **behind))
    given = {name: value for name, value in after.items() if value}
    values = {**flagging_values(query, lists), **given, "fetch": query.page.fetch}
    rows = connection.execute(statement, values).all()
    return format_fraud(rows, lists, after, query, _fetch_terms(connection, rows, query))


def _fetch_terms(connection: Connection, rows: Sequence[Row[Any]], query: Query) -> Terms:
    """The terms, from the calendar where trust is proposed."""
    ends, looks_like_schools = query.settings.term_ends, any(map(_looks_like_school, rows))
    return fetch_terms(connection, ends) if looks_like_schools else Terms(ends)


def _looks_like_school(row: Row[Any]) -> bool:
    return row.list == "shared" and bool(row.devices >= _SCHOOL_DEVICES)


def format_fraud(
    rows: Sequence[Row[Any]], lists: Lists, after: Mapping[str, str], query: Query, terms: Terms
) -> FraudAnswer:
    """The answer for the rows of all lists; the last flagged and the last shared one may belong to the next page."""
    flagged, more_flagged = query.page.split([row for row in rows if row.list == "suspicious"])
    shared, more_shared = query.page.split([row for row in rows if row.list == "shared"])
    return FraudAnswer(
        period=query.period,
        computed_at=query.now,
        thresholds=query.used("fraud_ip_click_threshold", "fraud_rule"),
        fraud_rule=query.settings.fraud_rule,
        suspicious_ips=[SuspiciousIp(**_describe(row, query)) for row in flagged],
        shared_networks=[_format_shared(row, query, terms) for row in shared],
        trusted_ips=list(_list_trusted([row for row in rows if row.list == "trusted"], lists.allow["network"], query)),
        total_flagged_ips=rows[0].flagged,
        total_shared_networks=rows[0].shared,
        threshold_used=query.settings.fraud_ip_click_threshold,
        next_cursor=_next_cursor((flagged, shared), after, query) if more_flagged or more_shared else None,
    )


def _next_cursor(pages: Sequence[Sequence[Row[Any]]], after: Mapping[str, str], query: Query) -> str:
    position = dict(after)
    for name, rows in zip(_LISTS, pages, strict=True):
        if rows:
            last = (-rows[-1].clicks, rows[-1].day, rows[-1].network)
            position |= dict(zip((f"{name}_clicks", f"{name}_day", f"{name}_ip"), map(str, last), strict=True))
    return encode_cursor(query.identifiers.references, CURSOR, [position[name] for name in _POSITION])


def _describe(row: Row[Any], query: Query) -> dict[str, Any]:
    return {
        **_name(row, query),
        "devices": row.devices,
        "pace_per_hour": row.clicks / row.active_hours if row.active_hours else None,
        "hint": "shared_network" if row.looks_shared else None,
        "verdict": judge(row, query.settings.fraud_rule, query.settings.fraud_ip_click_threshold),
        "evidence": format_evidence(row),
        "denied": row.is_denied,
    }


def _name(row: Row[Any], query: Query) -> dict[str, Any]:
    identifiers = query.identifiers
    return {
        "date": row.day,
        "ip_address": identifiers.show_ip_address(row.network),
        "ref": identifiers.references.to_ref(row.network),
        "alias": identifiers.references.to_alias(row.network),
        "click_count": row.clicks,
    }


def _format_shared(row: Row[Any], query: Query, terms: Terms) -> SharedNetwork:
    described = _describe(row, query)
    return SharedNetwork(**described, proposal=_propose_trust(row, described["evidence"], query, terms))


def _propose_trust(row: Row[Any], evidence: NetworkEvidence, query: Query, terms: Terms) -> TrustProposal | None:
    """Trust until the end of the term, where there are as many devices as in a class."""
    if not _looks_like_school(row):
        return None
    reason = (
        f"Looks like a school: {row.devices} devices with {evidence.clicks_per_device:.1f} clicks each on links of "
        f"{row.referrers} people on {row.day}"
    )
    return TrustProposal(
        cidr=query.identifiers.show_network(parse_network(row.network, query.settings.fraud_ipv6_prefix)),
        reason=reason,
        expires_at=terms.find_end(query.now),
    )


def _list_trusted(rows: Sequence[Row[Any]], trust: Mapping[str, str], query: Query) -> Iterator[TrustedIp]:
    """Networks that would be listed above, each with the narrowest trusted network that holds it."""
    trusted = Networks(trust)
    for row in rows:
        if cidr := trusted.find(row.network):
            yield TrustedIp(**_name(row, query), cidr=query.identifiers.show_network(cidr), reason=trust[cidr])
