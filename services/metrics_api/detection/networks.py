"""Which networks with more clicks on a day than the threshold count as fraud: facts about who clicked decide.

A school or a family has several devices that click a few times each, on links of several people. A click farm has few
devices, or works for few people. Who changes the device with every click shows devices that nobody has seen before.
"""

from typing import Any

from sqlalchemy import Row

from metrics_api.db.network_key import build_last_address
from metrics_api.db.tables import DEVICE_HASH
from metrics_api.detection.entity_lists import Lists
from metrics_api.detection.listed_events import build_is_within, list_networks
from metrics_api.detection.query import Query
from metrics_api.detection.quiet import select_quiet
from viral_contract.models.guardrails import NetworkEvidence, Verdict
from viral_contract.models.thresholds import FraudRule

# An attacker chooses how many devices a network has, and what they are called: a sample by hash is looked up.
_SAMPLED_DEVICES = 200
_ROTATING_THRESHOLDS = 3

# Whole numbers, so that 80 % is 80 %: 5 clicks of the top referrer for 4 of all.
_IS_FOR_FEW = "(referrers <= 2 OR 5 * top_referrer_clicks >= 4 * clicks)"
_IS_SHARED = f"coalesce(devices > 2 AND clicks <= 3 * devices AND NOT {_IS_FOR_FEW}, false)"
_FACT = f"""
    day, ip_address, clicks, devices, referrers, top_referrer_clicks, is_trusted, is_denied,
    NOT is_denied AND abbrev(ip_address) IN ({{quiet}}) AS is_quiet,
    {_IS_FOR_FEW} AS is_for_few, {_IS_SHARED} AS looks_shared,
    {_IS_SHARED} AND :network_aware AND NOT is_denied AS is_shared
"""
_LISTED = f"""
    SELECT is_trusted, NOT is_trusted AND {build_is_within("fact.ip_address", ":denied")} AS is_denied
    FROM (SELECT {build_is_within("fact.ip_address", ":trusted")} AS is_trusted) AS allowed
"""
# Each day is one range of the index on (day, clicks), which holds nothing but what is above the threshold.
_CANDIDATES = f"""
    SELECT {_FACT} FROM clicks_per_ip_day AS fact CROSS JOIN LATERAL ({_LISTED}) AS listed
    WHERE day = ANY(:days) AND clicks > :threshold {{only}}
"""
# Each denied network and day is one range of the primary key.
_FEW_CLICKS_OF_DENIED = f"""
    SELECT {_FACT} FROM unnest(CAST(:denied AS inet[])) AS denied CROSS JOIN unnest(CAST(:days AS date[])) AS of_day
        JOIN clicks_per_ip_day AS fact ON day = of_day AND ip_address >= denied
            AND ip_address <= {build_last_address("denied")}
        CROSS JOIN LATERAL ({_LISTED}) AS listed
    WHERE clicks <= :threshold AND is_denied {{only}}
"""
NEWNESS = f"""
    SELECT count(*) AS sampled_devices, count(*) FILTER (WHERE NOT EXISTS (
        SELECT FROM clicks_per_device_day AS earlier
        WHERE earlier.device_fingerprint = device.device_fingerprint AND earlier.day < fact.day
    )) AS new_devices FROM (
        SELECT device_fingerprint FROM devices_per_network_day AS known
        WHERE known.day = fact.day AND known.ip_address = fact.ip_address
        ORDER BY {DEVICE_HASH} LIMIT {_SAMPLED_DEVICES}
    ) AS device
"""
"""How many of the devices of the network and day `fact` were looked up, and how many had never clicked before it."""
MAY_ROTATE = f"""coalesce(:network_aware AND NOT is_shared AND is_for_few AND 10 * devices > 9 * clicks
    AND clicks >= {_ROTATING_THRESHOLDS} * :threshold, false)"""
"""Whether a candidate rotates if its devices are new, as in `judge`."""
IS_NEW = "10 * new_devices >= 9 * sampled_devices"
"""Whether the devices of a newness are new, as in `judge`."""


_QUIET = select_quiet("network")


def build_candidates(only: str = "") -> str:
    """Every network and day above the threshold, with its evidence; wants `flagging_values`.

    There is no evidence where there are at most EVIDENCE_FLOOR clicks. `only` is a further condition on `fact`.
    """
    return _CANDIDATES.format(only=only, quiet=_QUIET)


def build_suspects(only: str = "", quiet: str = _QUIET) -> str:
    """The candidates, and denied networks with fewer clicks, with the same columns."""
    return f"{_CANDIDATES} UNION ALL {_FEW_CLICKS_OF_DENIED}".format(only=only, quiet=quiet)


def build_flagged(only: str = "", quiet: str = _QUIET) -> str:
    """Every network and day that counts as fraud, with its clicks; wants `flagging_values`."""
    return f"""
        SELECT day, ip_address, clicks FROM ({build_suspects(only, quiet)}) AS fact
        WHERE NOT is_trusted AND NOT is_shared AND NOT is_quiet
    """


FLAGGED = build_flagged()


def flagging_values(query: Query, lists: Lists) -> dict[str, object]:
    """What decides who is flagged: the dates, the threshold, the lists, the rule, and verdicts' ends."""
    return {
        "days": query.period.dates(),
        "threshold": query.settings.fraud_ip_click_threshold,
        "trusted": list_networks(lists.allow["network"]),
        "denied": list_networks(lists.deny["network"]),
        "network_aware": query.settings.fraud_rule == "network_aware",
        "now": query.now,
    }


def format_evidence(row: Row[Any]) -> NetworkEvidence | None:
    """What the clicks of a network and day say, from a candidate with its newness; None where nothing is kept."""
    if row.devices is None:
        return None
    return NetworkEvidence(
        devices=row.devices,
        clicks_per_device=row.clicks / row.devices if row.devices else None,
        referrers=row.referrers,
        top_referrer_share=row.top_referrer_clicks / row.clicks if row.referrers else 1,
        new_device_share=row.new_devices / row.sampled_devices if row.sampled_devices else 0,
        sampled_devices=row.sampled_devices if row.sampled_devices < row.devices else None,
    )


def judge(row: Row[Any], rule: FraudRule, threshold: int) -> Verdict:
    """What a candidate with its newness is taken for."""
    if row.is_shared:
        return "shared_network"
    if row.devices is None or rule == "plain":
        return "flagged"
    are_new = 10 * row.new_devices >= 9 * row.sampled_devices
    changes = 10 * row.devices > 9 * row.clicks and are_new and row.clicks >= _ROTATING_THRESHOLDS * threshold
    return "rotating" if changes and row.is_for_few else "flagged"
