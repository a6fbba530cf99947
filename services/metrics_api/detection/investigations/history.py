"""Reads the newest part of an entity's events, however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.event_types import IS_COUNTED
from metrics_api.db.network_key import build_network_key, choose_condition
from metrics_api.detection.query import Query
from viral_contract.models.investigations import EntityKind

MAX_EVENTS = 10_000
# The first columns: the time and the id.
_BY_TIME = itemgetter(0, 1)
# Events that count are looked for among this many, so that requests of programs do not hide what people did.
_MOST_READ = 5 * MAX_EVENTS

# Where an entity's events are. Each condition belongs to one index that ends with the time.
_BRANCHES: dict[EntityKind, tuple[str, ...]] = {
    "device": (
        "event_type = 'click' AND device_fingerprint = :id",
        "event_type <> 'click' AND device_fingerprint = :id",
    ),
    "referrer": ("referrer_id = :id",),
}
EVENT_COLUMNS = f"""occurred_at, event_id, event_type, host(ip_address) AS ip_address,
    abbrev({build_network_key("ip_address")}) AS network, device_fingerprint, link_id, referrer_id, source, user_id,
    left(user_agent, 200) AS user_agent, conversion_value, traffic_class, traffic_reason,
    {IS_COUNTED} AS counts"""
_OF_BRANCH = f"""
    (SELECT {EVENT_COLUMNS} FROM attribution_events AS event
    WHERE {{branch}} AND occurred_at >= :begins_at AND occurred_at < :ends_before
    ORDER BY occurred_at DESC LIMIT {{most}})
"""
_EVENTS = f"""
    SELECT * FROM (
        SELECT * FROM ({{most_read}}) AS event WHERE counts ORDER BY occurred_at DESC LIMIT {MAX_EVENTS + 1}
    ) AS counted
    UNION ALL SELECT * FROM ({{newest}}) AS event WHERE NOT counts
"""
_LAST_READ = f"SELECT occurred_at FROM ({{most_read}}) AS event OFFSET {_MOST_READ - 1}"
_EDGE = "(SELECT occurred_at FROM attribution_events AS event WHERE {branch} ORDER BY occurred_at {order} LIMIT 1)"

# The statistics do not know a fresh attack: expecting few events, the planner would fetch all of them to sort them.
_KEEP_TO_THE_INDEX = text("SET LOCAL enable_sort = off")


@dataclass(frozen=True)
class History:
    """The events looked at, the newest first, and since when they are all that count."""

    events: Sequence[Row[Any]]
    truncated: bool
    since: datetime

    @property
    def counted(self) -> list[Row[Any]]:
        """The events that count: all but clicks and visits that no person made."""
        return [event for event in self.events if event.counts]


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
    """The newest events of the period that count, and its newest ones that do not, at most MAX_EVENTS of each."""
    branches = _list_branches(kind, identifier)
    period = query.period
    given = {
        "id": identifier,
        "begins_at": period.begins_at,
        "ends_before": period.ends_before,
        "ipv6_prefix": query.settings.fraud_ipv6_prefix,
    }
    parts = {"most_read": _select_newest(branches, _MOST_READ), "newest": _select_newest(branches, MAX_EVENTS + 1)}
    connection.execute(_KEEP_TO_THE_INDEX)
    rows = connection.execute(text(_EVENTS.format(**parts)), given).all()
    counted, filtered = ([row for row in rows if row.counts is wanted] for wanted in (True, False))
    if len(rows) <= MAX_EVENTS:
        since = period.begins_at
    elif len(counted) > MAX_EVENTS:
        since = counted[MAX_EVENTS - 1].occurred_at
    else:
        since = connection.execute(text(_LAST_READ.format(**parts)), given).scalar() or period.begins_at
    shown = [*counted[:MAX_EVENTS], *filtered[:MAX_EVENTS]]
    events = sorted(shown, key=_BY_TIME, reverse=True)
    return History(events, len(rows) > MAX_EVENTS, since)


def _select_newest(branches: Sequence[str], most: int) -> str:
    selected = " UNION ALL ".join(_OF_BRANCH.format(branch=branch, most=most) for branch in branches)
    return f"SELECT * FROM ({selected}) AS event ORDER BY occurred_at DESC LIMIT {most}"
