"""Flagged and shared networks of a period, one row each, in the order and with the text that was asked for."""

from collections.abc import Collection
from ipaddress import ip_network
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.access.identifiers import Identifiers
from metrics_api.db.sorting import Sorting, SortKey
from metrics_api.detection.case_marks import build_case_filter, format_mark, select_mark
from metrics_api.detection.entity_lists import Lists
from metrics_api.detection.entity_values import without_mapping
from metrics_api.detection.networks import (
    IS_NEW,
    MAY_ROTATE,
    NEWNESS,
    build_suspects,
    flagging_values,
    format_evidence,
)
from metrics_api.detection.query import Query
from viral_contract.models.case_marks import CaseFilter
from viral_contract.models.flagged import FlaggedNetwork, FraudSort, VerdictCounts
from viral_contract.models.guardrails import Verdict

KEYS: dict[FraudSort, SortKey] = {
    "network": SortKey("ip_address", "inet", is_descending=False),
    "clicks": SortKey("total_clicks", "numeric"),
    "days": SortKey("days", "bigint"),
    "peak_clicks": SortKey("clicks", "bigint"),
    "devices": SortKey("coalesce(devices, 0)", "bigint"),
    "clicks_per_device": SortKey("coalesce(round(clicks / nullif(devices, 0)::numeric, 9), 0)", "numeric"),
    "referrers": SortKey("coalesce(referrers, 0)", "bigint"),
    "top_referrer_share": SortKey("coalesce(round(top_referrer_clicks / clicks::numeric, 9), 0)", "numeric"),
}
TIE = SortKey("ip_address", "inet")

# Who sees masks finds what masks say: a narrower text would let them guess what is hidden.
_WHOLE = "position(lower(:q) IN abbrev(ip_address)) > 0"
_SHOWN_BITS = "CASE family(ip_address) WHEN 4 THEN 24 ELSE 48 END"
_MASKED = f"position(lower(:q) IN text(network(set_masklen(ip_address, {_SHOWN_BITS})))) > 0"
_FOUND = """ip_address IN (
    SELECT ip_address FROM candidate WHERE ip_address && CAST(:known AS inet) OR {of_address} OR EXISTS (
        SELECT FROM referrers_per_network_day AS referrer WHERE referrer.day = candidate.day
            AND referrer.ip_address = candidate.ip_address AND position(lower(:q) IN lower(referrer_id)) > 0
    )
)"""
_ENTITY = "abbrev(ip_address)"
_CASE = select_mark("network", "abbrev(fact.ip_address)")
# New devices are looked up only where they decide.
_JUDGED = f"""
    WITH candidate AS MATERIALIZED ({{candidates}}), found AS (
        SELECT * FROM candidate WHERE NOT is_trusted AND NOT is_quiet AND {{is_found}}
    ), network AS (
        SELECT ip_address, sum(clicks) AS total_clicks, count(*) AS days, bool_and(is_shared) AS is_shared
        FROM found GROUP BY ip_address
    ), peak AS (
        SELECT DISTINCT ON (ip_address) found.*, total_clicks, days, {MAY_ROTATE} AS may_rotate
        FROM found JOIN network USING (ip_address, is_shared) ORDER BY ip_address, clicks DESC, day
    ), judged AS MATERIALIZED (
        SELECT fact.*, CASE WHEN is_shared THEN 'shared_network' WHEN {IS_NEW} THEN 'rotating' ELSE 'flagged' END
            AS verdict
        FROM peak AS fact
            LEFT JOIN LATERAL (SELECT * FROM ({NEWNESS}) AS known WHERE fact.may_rotate) AS newness ON true
    )
"""
_ANSWER = f"""
    {_JUDGED}
    SELECT counted.*, shown.* FROM (
        SELECT count(*) FILTER (WHERE verdict = 'flagged') AS flagged,
            count(*) FILTER (WHERE verdict = 'rotating') AS rotating,
            count(*) FILTER (WHERE verdict = 'shared_network') AS shared_network
        FROM judged
    ) AS counted LEFT JOIN (
        SELECT fact.*, abbrev(ip_address) AS network, top.referrer_id AS top_referrer, newness.*, marked.*
        FROM (
            SELECT * FROM (SELECT *, {{select}} FROM judged) AS sorted
            WHERE verdict = ANY(:verdicts) AND {{behind}} {{order_by}} LIMIT :fetch
        ) AS fact CROSS JOIN LATERAL ({NEWNESS}) AS newness LEFT JOIN LATERAL (
            SELECT referrer_id FROM referrers_per_network_day AS referrer
            WHERE referrer.day = fact.day AND referrer.ip_address = fact.ip_address
            ORDER BY clicks DESC, referrer_id LIMIT 1
        ) AS top ON true LEFT JOIN LATERAL ({_CASE}) AS marked ON true
    ) AS shown ON true {{order_by}}
"""


def fetch_flagged_networks(
    connection: Connection,
    query: Query,
    lists: Lists,
    sorting: Sorting[FraudSort],
    *,
    text_wanted: str | None,
    verdicts: Collection[Verdict],
    case: CaseFilter | None = None,
) -> dict[str, Any]:
    """The networks of the period with one of the verdicts, and how many have each, among those that match the text.

    As FlaggedAnswer names them.
    """
    is_found = _FOUND.format(of_address=build_text_condition(query.identifiers)) if text_wanted else "true"
    statement = _ANSWER.format(
        candidates=build_suspects(),
        is_found=f"{is_found} AND {build_case_filter('network', _ENTITY, case)}",
        select=sorting.select,
        behind=sorting.build_behind(query.page),
        order_by=sorting.order_by,
    )
    values = {**flagging_values(query, lists), **sorting.list_values(query.page), "verdicts": list(verdicts)}
    found = connection.execute(text(statement), {**values, **read_network_text(text_wanted, query.identifiers)}).all()
    shown, last = query.page.split([row for row in found if row.network is not None])
    counts = VerdictCounts.model_validate(found[0], from_attributes=True)
    return {
        "networks": [_format_network(row, query.identifiers) for row in shown],
        "counts": counts,
        "total": sum(getattr(counts, verdict) for verdict in verdicts),
        "total_flagged_ips": counts.flagged + counts.rotating,
        "total_shared_networks": counts.shared_network,
        "next_cursor": sorting.format_cursor(query.identifiers.references, last),
    }


def build_text_condition(identifiers: Identifiers) -> str:
    """Whether `ip_address` as the caller sees it holds the text; wants `read_network_text`."""
    return _WHOLE if identifiers.whole else _MASKED


def read_network_text(text_wanted: str | None, identifiers: Identifiers) -> dict[str, str | None]:
    """The text, and the network that it names: by its reference, or whole for who may see it whole."""
    if text_wanted is None:
        return {}
    named = identifiers.references.to_identifier(text_wanted)
    may_name = identifiers.whole or named != text_wanted
    return {"q": text_wanted, "known": _parse_network(named) if may_name else None}


def _parse_network(named: str) -> str | None:
    try:
        return str(without_mapping(ip_network(named, strict=False)))
    except ValueError:
        return None


def _format_network(row: Row[Any], identifiers: Identifiers) -> FlaggedNetwork:
    return FlaggedNetwork(
        ip_address=identifiers.show_ip_address(row.network),
        ref=identifiers.references.to_ref(row.network),
        alias=identifiers.references.to_alias(row.network),
        verdict=row.verdict,
        clicks=row.total_clicks,
        days=row.days,
        peak_date=row.day,
        peak_clicks=row.clicks,
        top_referrer=row.top_referrer,
        denied=row.is_denied,
        evidence=format_evidence(row),
        case=format_mark(row),
    )
