"""Which networks, devices and referrers some thresholds flag in a period: the same statements that flag them live."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from metrics_api.detection import anomalies, networks
from metrics_api.detection.bots import flagged_devices
from metrics_api.detection.entity_lists import Lists
from metrics_api.detection.query import Query
from viral_contract.models.drafts import ReplayedKind

Key = tuple[ReplayedKind, str]
Flags = Mapping[Key, float | None]
"""What is flagged, with its peak: most clicks on a day, fastest burst in seconds, or most conversions on a day."""

_NETWORKS = f"""
    SELECT 'network' AS kind, abbrev(ip_address) AS entity, max(clicks)::double precision AS peak
    FROM ({networks.FLAGGED}) AS fact GROUP BY ip_address
"""
_DEVICES = """
    SELECT 'device' AS kind, device_fingerprint AS entity, extract(epoch FROM fastest)::double precision AS peak
    FROM ({flagged}) AS fact
"""
_REFERRERS = f"""
    SELECT 'referrer' AS kind, referrer_id AS entity, max(conversions)::double precision AS peak FROM (
        SELECT referrer_id, conversions FROM ({anomalies.BUSY_DAYS}) AS busy
        UNION ALL SELECT referrer_id, NULL FROM ({anomalies.EAGER_REFERRERS}) AS eager
    ) AS referrer GROUP BY referrer_id
"""


@dataclass(frozen=True)
class _Statement:
    sql: str
    values: Mapping[str, object]


def fetch_flags(
    connection: Connection,
    query: Query,
    lists: Lists,
    kinds: tuple[ReplayedKind, ...] = ("network", "device", "referrer"),
) -> Flags:
    """Everything of these kinds that the query's thresholds flag in its period."""
    statements = [_build_statement(kind, query, lists) for kind in kinds]
    values = {name: value for each in statements for name, value in each.values.items()}
    rows = connection.execute(text(" UNION ALL ".join(each.sql for each in statements)), values)
    return {(row.kind, row.entity): row.peak for row in rows}


def _build_statement(kind: ReplayedKind, query: Query, lists: Lists) -> _Statement:
    if kind == "network":
        return _Statement(_NETWORKS, networks.flagging_values(query, lists))
    if kind == "device":
        flagged, values = flagged_devices(query, lists)
        return _Statement(_DEVICES.format(flagged=flagged), values)
    return _Statement(_REFERRERS, anomalies.flagging_values(query, lists))
