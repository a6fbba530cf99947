"""Findings about networks: over the limit on a date, or with a new device for nearly every click."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.cases.findings import Finding
from metrics_api.detection.entity_lists import Lists
from metrics_api.detection.networks import (
    MAY_ROTATE,
    NEWNESS,
    build_candidates,
    flagging_values,
    format_evidence,
    judge,
)
from metrics_api.detection.query import Query
from metrics_api.ingest.retained import begin
from viral_contract.models.cases import EntityRule
from viral_contract.models.guardrails import Verdict
from viral_contract.models.referrer_evidence import RuleEvidence

# Devices are looked up where the network rotates if they are new.
_FLAGGED = f"""
    WITH flagged AS MATERIALIZED (
        SELECT * FROM ({build_candidates()}) AS fact WHERE NOT is_trusted AND NOT is_shared
    )
    SELECT fact.day, abbrev(fact.ip_address) AS network, clicks, devices, referrers, top_referrer_clicks, is_for_few,
        is_shared, coalesce(sampled_devices, 0) AS sampled_devices, coalesce(new_devices, 0) AS new_devices,
        conversions
    FROM flagged AS fact CROSS JOIN LATERAL (
            SELECT array_agg(event_id) AS conversions FROM referrals
            WHERE network = fact.ip_address AND referrals.day = fact.day AND event_type = 'conversion'
        ) AS converted
        LEFT JOIN LATERAL ({NEWNESS}) AS newness ON {MAY_ROTATE}
    ORDER BY fact.ip_address, fact.day
"""
_RULES: dict[Verdict, EntityRule] = {"flagged": "over_limit", "rotating": "rotating"}
_MOST_DEVICES = 0.9


def find_networks(connection: Connection, query: Query, lists: Lists) -> list[Finding]:
    """What is found about each network that is flagged on a date, verdicts aside."""
    rows = connection.execute(text(_FLAGGED), flagging_values(query, lists))
    found: dict[tuple[str, EntityRule], list[Row[Any]]] = defaultdict(list)
    for row in rows:
        judged = judge(row, query.settings.fraud_rule, query.settings.fraud_ip_click_threshold)
        found[row.network, _RULES[judged]].append(row)
    clicks: dict[str, int] = defaultdict(int)
    for (network, _), days in found.items():
        clicks[network] += sum(day.clicks for day in days)
    return [_format(network, rule, days, clicks[network], query) for (network, rule), days in found.items()]


def _format(network: str, rule: EntityRule, days: Sequence[Row[Any]], clicks: int, query: Query) -> Finding:
    return Finding(
        kind="network",
        entity=network,
        rule=_format_rule(rule, days, query),
        clicks=clicks,
        conversions=frozenset(event_id for day in days for event_id in day.conversions or ()),
        first_seen=begin(days[0].day),
        last_seen=begin(days[-1].day),
    )


def _format_rule(rule: EntityRule, days: Sequence[Row[Any]], query: Query) -> RuleEvidence:
    peak = max(days, key=lambda day: day.clicks)
    shown = format_evidence(peak)
    is_rotating = rule == "rotating"
    unknown = set() if peak.sampled_devices else {"new_device_share", "sampled_devices"}
    return RuleEvidence(
        rule=rule,
        strength="flags",
        statistic=peak.devices / peak.clicks if is_rotating else peak.clicks,
        expected=_MOST_DEVICES if is_rotating else query.settings.fraud_ip_click_threshold,
        n=sum(day.clicks for day in days),
        evidence={
            "days": len(days),
            "peak_day": str(peak.day),
            "clicks": peak.clicks,
            **(shown.model_dump(mode="json", exclude=unknown) if shown else {}),
        },
    )
