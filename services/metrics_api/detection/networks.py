"""Which networks with more clicks on a day than the threshold count as fraud: facts about who clicked decide.

A school or a family has several devices that click a few times each, on links of several people. A click farm has few
devices, or works for few people. Who changes the device with every click shows devices that nobody has seen before.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row

from metrics_api.db.event_types import CLICKER, IS_COUNTED
from metrics_api.db.network_key import select_events
from metrics_api.db.tables import EVIDENCE_FLOOR
from metrics_api.detection.query import Query
from viral_contract.models.guardrails import NetworkEvidence, Verdict
from viral_contract.models.thresholds import FraudRule

# An attacker chooses how many devices a network has: this many of a day are looked up, the first by fingerprint.
_LOOKED_UP_DEVICES = 200
_ROTATING_THRESHOLDS = 3

# Whole numbers, so that 80 % is 80 %: 5 clicks of the top referrer for 4 of all.
_IS_SHARED = """known.devices > 2 AND fact.clicks <= 3 * known.devices AND known.referrers >= 3
    AND 5 * known.top_referrer_clicks < 4 * fact.clicks"""
_KEPT = "SELECT coalesce(fact.devices, 0), coalesce(fact.referrers, 0), coalesce(fact.top_referrer_clicks, 0)"
_MIDNIGHT = "fact.day::timestamp AT TIME ZONE 'UTC'"
_CLICKS_OF_DAY = f"""event_type = 'click' AND {IS_COUNTED} AND occurred_at >= {_MIDNIGHT}
    AND occurred_at < (fact.day + 1)::timestamp AT TIME ZONE 'UTC'"""
_FEW_CLICKS = select_events(f"device_fingerprint, {CLICKER} AS user_id, referrer_id", "fact.ip_address", _CLICKS_OF_DAY)
# No evidence is kept of networks with so few clicks, so that it takes no time to look at all of them.
_KEPT_OR_COUNTED = f"""
    {_KEPT} WHERE fact.clicks > {EVIDENCE_FLOOR}
    UNION ALL
    SELECT count(DISTINCT (device_fingerprint, user_id)) FILTER (WHERE device_fingerprint IS NOT NULL),
        count(DISTINCT referrer_id), coalesce(max(of_referrer), 0)
    FROM (
        SELECT device_fingerprint, user_id, referrer_id,
            count(referrer_id) OVER (PARTITION BY referrer_id) AS of_referrer
        FROM ({_FEW_CLICKS}) AS event WHERE fact.clicks <= {EVIDENCE_FLOOR}
    ) AS click HAVING fact.clicks <= {EVIDENCE_FLOOR}
"""
# Each day is one range of the index on (day, clicks), which holds nothing but what is above the threshold.
_CANDIDATES = """
    SELECT day, ip_address, clicks, known.*, ip_address <<= ANY(CAST(:trusted AS inet[])) AS is_trusted,
        {is_shared} AS looks_shared, {is_shared} AND :network_aware AS is_shared
    FROM clicks_per_ip_day AS fact
        CROSS JOIN LATERAL ({evidence}) AS known (devices, referrers, top_referrer_clicks)
    WHERE day = ANY(:days) AND clicks > :threshold {only}
"""
_DEVICES = f"""
    (SELECT device_fingerprint, user_id FROM devices_per_network_day AS device
    WHERE fact.clicks > {EVIDENCE_FLOOR} AND device.day = fact.day AND device.ip_address = fact.ip_address
    ORDER BY device_fingerprint, user_id LIMIT {_LOOKED_UP_DEVICES})
    UNION
    SELECT device_fingerprint, user_id FROM ({_FEW_CLICKS}) AS event
    WHERE fact.clicks <= {EVIDENCE_FLOOR} AND device_fingerprint IS NOT NULL
"""
NEWNESS = f"""
    SELECT count(*) AS looked_up_devices, count(*) FILTER (WHERE NOT EXISTS (
        SELECT FROM attribution_events AS earlier WHERE earlier.event_type = 'click' AND {IS_COUNTED}
            AND earlier.device_fingerprint = device.device_fingerprint AND earlier.occurred_at < {_MIDNIGHT}
    )) AS new_devices FROM ({_DEVICES}) AS device
"""
"""How many of the devices of the network and day `fact` were looked up, and how many had never clicked before it."""


def build_candidates(query: Query, *, only: str = "") -> str:
    """Every network and day above the threshold, with its evidence; wants `flagging_values`.

    `only` is a further condition on `fact`.
    """
    evidence = _KEPT if query.settings.fraud_ip_click_threshold >= EVIDENCE_FLOOR else _KEPT_OR_COUNTED
    return _CANDIDATES.format(is_shared=f"({_IS_SHARED})", evidence=evidence, only=only)


def build_flagged(query: Query) -> str:
    """Every network and day that counts as fraud, with its clicks; wants `flagging_values`."""
    candidates = build_candidates(query)
    return f"SELECT day, ip_address, clicks FROM ({candidates}) AS fact WHERE NOT is_trusted AND NOT is_shared"


def flagging_values(query: Query, trust: Collection[str]) -> dict[str, object]:
    """What decides who is flagged: the dates, the threshold, the networks that are trusted, and the rule."""
    return {
        "days": query.period.dates(),
        "threshold": query.settings.fraud_ip_click_threshold,
        "trusted": list(trust),
        "network_aware": query.settings.fraud_rule == "network_aware",
    }


def format_evidence(row: Row[Any]) -> NetworkEvidence:
    """What the clicks of a network and day say, from a candidate with its newness."""
    return NetworkEvidence(
        devices=row.devices,
        clicks_per_device=row.clicks / row.devices if row.devices else None,
        referrers=row.referrers,
        top_referrer_share=row.top_referrer_clicks / row.clicks if row.referrers else 1,
        new_device_share=row.new_devices / row.looked_up_devices if row.looked_up_devices else 0,
    )


def judge(row: Row[Any], rule: FraudRule, threshold: int) -> Verdict:
    """What a candidate with its newness is taken for."""
    if row.is_shared:
        return "shared_network"
    is_for_few = row.referrers <= 2 or 5 * row.top_referrer_clicks >= 4 * row.clicks
    are_new = 10 * row.new_devices >= 9 * row.looked_up_devices
    changes = 10 * row.devices > 9 * row.clicks and are_new and row.clicks >= _ROTATING_THRESHOLDS * threshold
    return "rotating" if rule == "network_aware" and changes and is_for_few else "flagged"
