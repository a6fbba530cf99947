"""Open cases about devices and networks that a referrer's events came from, and whether others use them."""

from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.access.identifiers import Identifiers
from metrics_api.cases.timeline import list_days
from metrics_api.db.network_key import build_network_key
from viral_contract.models.cases import LinkedCase, LinkedCases

_LOOKED_UP_EVENTS = 1000
_MOST = 20
_EVENTS = f"""
    SELECT device_fingerprint, ip_address FROM attribution_events
    WHERE referrer_id = :entity AND occurred_at >= :since ORDER BY occurred_at DESC LIMIT {_LOOKED_UP_EVENTS}
"""
# Of a device the newest events decide, of a network the clicks of the case's days.
_LINKED = text(f"""
    WITH event AS MATERIALIZED ({_EVENTS}), used AS (
        SELECT DISTINCT 'device' AS kind, device_fingerprint AS entity FROM event WHERE device_fingerprint IS NOT NULL
        UNION ALL
        SELECT DISTINCT 'network', abbrev({build_network_key("ip_address")}) FROM event WHERE ip_address IS NOT NULL
    )
    SELECT id, kind, entity, conversions, CASE kind WHEN 'device' THEN EXISTS (
        SELECT FROM (
            SELECT referrer_id FROM attribution_events WHERE device_fingerprint = entity LIMIT {_LOOKED_UP_EVENTS}
        ) AS event_of_device WHERE referrer_id <> :entity
    ) ELSE EXISTS (
        SELECT FROM referrers_per_network_day WHERE day = ANY(:days) AND ip_address = CAST(entity AS inet)
            AND referrer_id NOT IN (:entity, '')
    ) END AS is_shared
    FROM cases JOIN used USING (kind, entity) WHERE status = 'open' ORDER BY conversions DESC, id LIMIT {_MOST}
""")


def fetch_linked(connection: Connection, case: Row[Any], ipv6_prefix: int, identifiers: Identifiers) -> LinkedCases:
    """The cases that can be decided with this one; of other kinds than referrers there are none."""
    if case.kind != "referrer":
        return LinkedCases(cases=[])
    days = list_days(case)
    given = {"entity": case.entity, "since": days[0], "days": days, "ipv6_prefix": ipv6_prefix}
    show = {"device": identifiers.show_device, "network": identifiers.show_ip_address}
    return LinkedCases(
        cases=[
            LinkedCase(
                id=row.id,
                kind=row.kind,
                entity=show[row.kind](row.entity),
                alias=identifiers.references.to_alias(row.entity),
                shared=row.is_shared,
            )
            for row in connection.execute(_LINKED, given)
        ]
    )
