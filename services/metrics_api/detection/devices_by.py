"""From which networks and on whose links flagged devices clicked, in the order and with the text that was asked for."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, Row, text

from metrics_api.access.identifiers import Identifiers
from metrics_api.db.event_types import IS_COUNTED
from metrics_api.db.network_key import build_network_key
from metrics_api.db.sorting import InvalidSortError, Sorting, SortKey
from metrics_api.detection.bots import describe_rule, flagged_devices, has_verdict
from metrics_api.detection.entity_lists import Lists
from metrics_api.detection.flagged_networks import build_text_condition, read_network_text
from metrics_api.detection.query import Query
from viral_contract.models.flagged import (
    BotSort,
    FlaggedDevicesAnswer,
    FraudGrouping,
    NetworkOfDevices,
    ReferrerOfDevices,
    SortOrder,
)
from viral_contract.models.guardrails import Verdict

_COLUMNS: Mapping[FraudGrouping, str] = {"network": "ip_address", "referrer": "referrer_id"}
_VALUES: Mapping[FraudGrouping, str] = {"network": build_network_key("event.ip_address"), "referrer": "referrer_id"}
_TYPES: Mapping[FraudGrouping, str] = {"network": "inet", "referrer": "text"}
_SUMS: dict[BotSort, SortKey] = {name: SortKey(name, "bigint") for name in ("clicks", "devices", "days")}
_KEYS: Mapping[FraudGrouping, Mapping[BotSort, SortKey]] = {
    "network": {"network": SortKey("ip_address", "inet", is_descending=False), **_SUMS},
    "referrer": {"referrer": SortKey("referrer_id", "text", is_descending=False), **_SUMS},
}
_ANSWER = """
    WITH flagged AS MATERIALIZED ({flagged}), clicked AS (
        SELECT device_fingerprint, click.* FROM flagged CROSS JOIN LATERAL (
            SELECT {value} AS {column}, occurred_at FROM attribution_events AS event
            WHERE event.device_fingerprint = flagged.device_fingerprint AND event_type = 'click' AND {is_counted}
                AND occurred_at >= :first AND occurred_at < :behind
            OFFSET 0
        ) AS click
    ), found AS MATERIALIZED (
        SELECT {column}, count(*) AS clicks, count(DISTINCT device_fingerprint) AS devices,
            count(DISTINCT (occurred_at AT TIME ZONE 'UTC')::date) AS days
        FROM clicked WHERE {column} IS NOT NULL AND {is_found} AND {verdict} GROUP BY {column}
    )
    SELECT counted.*, shown.* FROM (
        SELECT (SELECT count(*) FROM flagged) AS flagged, (SELECT count(*) FROM found) AS total
    ) AS counted LEFT JOIN (
        SELECT * FROM (SELECT *, {select} FROM found) AS sorted WHERE {behind} {order_by} LIMIT :fetch
    ) AS shown ON true {order_by}
"""


def build_sorting(grouping: FraudGrouping, sort: BotSort, order: SortOrder | None) -> Sorting[BotSort]:
    """The order of the groups. Raises InvalidSortError where they have no such value."""
    if sort not in _KEYS[grouping]:
        raise InvalidSortError("sort", f"must be one of {', '.join(_KEYS[grouping])} with group_by={grouping}")
    tie = SortKey(_COLUMNS[grouping], _TYPES[grouping])
    return Sorting(f"bot_{grouping}s", _KEYS[grouping], tie, sort, order)


def fetch_devices_by(
    connection: Connection,
    query: Query,
    lists: Lists,
    grouping: FraudGrouping,
    sorting: Sorting[BotSort],
    text_wanted: str | None,
    verdict: Verdict | None,
) -> FlaggedDevicesAnswer:
    """A page of networks or referrers."""
    flagged, values = flagged_devices(query, lists)
    statement = _ANSWER.format(
        flagged=flagged,
        value=_VALUES[grouping],
        column=_COLUMNS[grouping],
        is_counted=IS_COUNTED,
        is_found=_build_found(grouping, query.identifiers) if text_wanted else "true",
        verdict=has_verdict(verdict),
        select=sorting.select,
        behind=sorting.build_behind(query.page),
        order_by=sorting.order_by,
    )
    values |= {"first": query.period.begins_at, "behind": query.period.ends_before}
    values |= {"ipv6_prefix": query.settings.fraud_ipv6_prefix, **read_network_text(text_wanted, query.identifiers)}
    found = connection.execute(text(statement), {**values, **sorting.list_values(query.page)}).all()
    shown, last = query.page.split([row for row in found if row.clicks is not None])
    rows: dict[str, Any] = {f"{grouping}s": [_FORMATS[grouping](row, query.identifiers) for row in shown]}
    return FlaggedDevicesAnswer(
        **describe_rule(query),
        **rows,
        bot_like_devices=[],
        total=found[0].total,
        total_flagged_devices=found[0].flagged,
        next_cursor=sorting.format_cursor(query.identifiers.references, last),
    )


def _build_found(grouping: FraudGrouping, identifiers: Identifiers) -> str:
    if grouping == "referrer":
        return "position(lower(:q) IN lower(referrer_id)) > 0"
    return f"(ip_address && CAST(:known AS inet) OR {build_text_condition(identifiers)})"


def _format_referrer(row: Row[Any], _: Identifiers) -> ReferrerOfDevices:
    return ReferrerOfDevices.model_validate(row, from_attributes=True)


def _format_network(row: Row[Any], identifiers: Identifiers) -> NetworkOfDevices:
    network = str(row.ip_address)
    return NetworkOfDevices(
        ip_address=identifiers.show_ip_address(network),
        ref=identifiers.references.to_ref(network),
        alias=identifiers.references.to_alias(network),
        devices=row.devices,
        clicks=row.clicks,
        days=row.days,
    )


_FORMATS: Mapping[FraudGrouping, Callable[[Row[Any], Identifiers], BaseModel]] = {
    "network": _format_network,
    "referrer": _format_referrer,
}
