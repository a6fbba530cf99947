"""Reads the newest part of an entity's events, however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.network_key import build_network_key, choose_condition
from metrics_api.detection.query import Query
from viral_contract.models.investigations import EntityKind
from viral_contract.models.traffic import PEOPLE

MAX_EVENTS = 10_000

# Where an entity's events are. Each condition belongs to one index that ends with the time.
_BRANCHES: dict[EntityKind, tuple[str, ...]] = {
    "device": (
        "event_type = 'click' AND device_fingerprint = :id",
        "event_type <> 'click' AND device_fingerprint = :id",
    ),
    "referrer": ("referrer_id = :id",),
}
_COLUMNS = f"""occurred_at, event_id, event_type, host(ip_address) AS ip_address,
    abbrev({build_network_key("ip_address")}) AS network, device_fingerprint, link_id, referrer_id, source, user_id,
    left(user_agent, 200) AS user_agent, conversion_value, traffic_class, traffic_reason"""
_NEWEST = f"""
    (SELECT {_COLUMNS} FROM attribution_events AS event
    WHERE {{branch}} AND occurred_at >= :begins_at AND occurred_at < :ends_before
    ORDER BY occurred_at DESC LIMIT {MAX_EVENTS + 1})
"""
_EDGE = "(SELECT occurred_at FROM attribution_events AS event WHERE {branch} ORDER BY occurred_at {order} LIMIT 1)"

# The statistics do not know a fresh attack: expecting few events, the planner would fetch all of them to sort them.
_KEEP_TO_THE_INDEX = text("SET LOCAL enable_sort = off")


@dataclass(frozen=True)
class History:
    """The events looked at, the newest first, and since when they are all of them."""

    events: Sequence[Row[Any]]
    truncated: bool
    since: datetime

    @property
    def counted(self) -> list[Row[Any]]:
        """The events that count: all but clicks and visits that no person made."""
        return [event for event in self.events if event.traffic_class is None or event.traffic_class in PEOPLE]


def _list_branches(kind: EntityKind, identifier: str) -> tuple[str, ...]:
    return (choose_condition(identifier, "CAST(:id AS inet)"),) if kind == "ip_address" else _BRANCHES[kind]


def fetch_seen(connection: Connection, kind: EntityKind, identifier: str) -> tuple[datetime | None, datetime | None]:
    """The time of the first and of the last event of all that is stored."""
    first, last = (
        ", ".join(_EDGE.format(branch=branch, order=order) for branch in _list_branches(kind, identifier))
        for order in ("ASC", "DESC")
    )
    connection.execute(_KEEP_TO_THE_INDEX)
    statement = text(f"SELECT least({first}) AS first, greatest({last}) AS last")
    row = connection.execute(statement, {"id": identifier}).one()
    return row.first, row.last


def fetch_history(connection: Connection, kind: EntityKind, identifier: str, query: Query) -> History:
    """The newest events of the period, at most MAX_EVENTS."""
    newest = " UNION ALL ".join(_NEWEST.format(branch=branch) for branch in _list_branches(kind, identifier))
    statement = text(f"SELECT * FROM ({newest}) AS event ORDER BY occurred_at DESC LIMIT {MAX_EVENTS + 1}")
    connection.execute(_KEEP_TO_THE_INDEX)
    period = query.period
    given = {
        "id": identifier,
        "begins_at": period.begins_at,
        "ends_before": period.ends_before,
        "ipv6_prefix": query.settings.fraud_ipv6_prefix,
    }
    rows = connection.execute(statement, given).all()
    events = sorted(rows[:MAX_EVENTS], key=lambda row: (row.occurred_at, row.event_id), reverse=True)
    truncated = len(rows) > MAX_EVENTS
    return History(events, truncated, events[-1].occurred_at if truncated else period.begins_at)
