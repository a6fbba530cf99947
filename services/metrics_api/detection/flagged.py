"""Flagged networks by network or by referrer, in the order that was asked for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import get_args

from sqlalchemy import Connection

from metrics_api.db.sorting import InvalidSortError, Sorting, SortKey
from metrics_api.detection import flagged_networks, networks_by_referrer
from metrics_api.detection.entity_lists import Lists
from metrics_api.detection.flagged_networks import fetch_flagged_networks
from metrics_api.detection.networks_by_referrer import fetch_networks_by_referrer
from metrics_api.detection.query import Query
from viral_contract.models.case_marks import CaseFilter
from viral_contract.models.flagged import FlaggedAnswer, FraudGrouping, FraudSort, SortOrder
from viral_contract.models.guardrails import Verdict

_KEYS: dict[FraudGrouping, Mapping[FraudSort, SortKey]] = {
    "network": flagged_networks.KEYS,
    "referrer": networks_by_referrer.KEYS,
}
_TIES: dict[FraudGrouping, SortKey] = {"network": flagged_networks.TIE, "referrer": networks_by_referrer.TIE}


@dataclass(frozen=True)
class Wanted:
    """What rows are about, their order, and which of them are wanted."""

    grouping: FraudGrouping
    sorting: Sorting[FraudSort]
    text: str | None
    verdicts: Collection[Verdict]
    case: CaseFilter | None = None


def parse_wanted(
    grouping: FraudGrouping,
    sort: FraudSort | None,
    order: SortOrder | None,
    text: str | None,
    verdict: Verdict | None,
    case: CaseFilter | None,
) -> Wanted:
    """What was asked for. Raises InvalidSortError where rows of this kind have no such value."""
    keys = _KEYS[grouping]
    if sort and sort not in keys:
        raise InvalidSortError("sort", f"must be one of {', '.join(keys)} with group_by={grouping}")
    for field, given in (("verdict", verdict), ("case", case)):
        if given and grouping == "referrer":
            raise InvalidSortError(field, "is one of networks; give it with group_by=network")
    sorting = Sorting(f"fraud_{grouping}s", keys, _TIES[grouping], sort or "clicks", order)
    return Wanted(grouping, sorting, text, [verdict] if verdict else get_args(Verdict), case)


def fetch_flagged(connection: Connection, query: Query, lists: Lists, wanted: Wanted) -> FlaggedAnswer:
    """A page of the networks of the period, or of the referrers behind those that are flagged."""
    if wanted.grouping == "referrer":
        found = fetch_networks_by_referrer(connection, query, lists, wanted.sorting, text_wanted=wanted.text)
    else:
        found = fetch_flagged_networks(
            connection,
            query,
            lists,
            wanted.sorting,
            text_wanted=wanted.text,
            verdicts=wanted.verdicts,
            case=wanted.case,
        )
    return FlaggedAnswer(
        period=query.period,
        computed_at=query.now,
        thresholds=query.used("fraud_ip_click_threshold", "fraud_rule"),
        fraud_rule=query.settings.fraud_rule,
        threshold_used=query.settings.fraud_ip_click_threshold,
        suspicious_ips=[],
        trusted_ips=[],
        **found,
    )
