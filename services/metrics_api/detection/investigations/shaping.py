"""Turns the events looked at into what an investigation shows; pure functions."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from itertools import compress
from operator import neg
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Row

from metrics_api.access.identifiers import Identifiers
from metrics_api.db.paging import encode_cursor
from metrics_api.detection.query import Query
from viral_contract.models.events import EVENT_TYPES
from viral_contract.models.investigations import (
    EventCounts,
    InvestigatedEvent,
    RelatedEntities,
    RelatedEntity,
    RelatedKind,
    Timeline,
    TimelineBucket,
)
from viral_contract.models.period import Period

CURSOR = "investigation"
MAX_RELATED = 50
_HOURLY_DAYS = 3
_RELATED: dict[RelatedKind, str] = {
    "ip_addresses": "ip_address",
    "devices": "device_fingerprint",
    "links": "link_id",
    "referrers": "referrer_id",
    "loops": "source",
    "users": "user_id",
    "user_agents": "user_agent",
}


def format_totals(events: Sequence[Row[Any]]) -> EventCounts:
    """How many events there are of each type."""
    counts = Counter(event.event_type for event in events)
    return {kind: counts[kind] for kind in EVENT_TYPES}


def format_timeline(events: Sequence[Row[Any]], period: Period) -> Timeline:
    """Every hour or day of the period with its events."""
    hourly = period.days <= _HOURLY_DAYS
    step, begin = timedelta(hours=1) if hourly else timedelta(days=1), period.begins_at
    counts = [Counter[Any]() for _ in range((period.ends_before - begin) // step)]
    for (index, kind), count in Counter(
        ((event.occurred_at - begin) // step, event.event_type) for event in events
    ).items():
        counts[index][kind] = count
    return Timeline(
        bucket="hour" if hourly else "day",
        buckets=[
            TimelineBucket(starts_at=begin + index * step, counts=dict(count)) for index, count in enumerate(counts)
        ],
    )


def format_related(
    events: Sequence[Row[Any]], identifiers: Identifiers, *, leave_out: RelatedKind
) -> dict[RelatedKind, RelatedEntities]:
    """What else occurs in the events, by kind."""
    columns = dict(zip(events[0]._fields, zip(*events, strict=True), strict=True)) if events else {}
    return {
        kind: _format_kind(kind, columns.get(column, ()), columns, identifiers)
        for kind, column in _RELATED.items()
        if kind != leave_out
    }


def _format_kind(
    kind: RelatedKind, values: Sequence[Any], columns: Mapping[str, Sequence[Any]], identifiers: Identifiers
) -> RelatedEntities:
    """The most frequent of the values; the columns are those of the same events, the newest first."""
    events = Counter(values)
    events.pop(None, None)
    masked, references = kind in ("ip_addresses", "devices"), identifiers.references
    # An address is named by its network, under which it is counted and flagged.
    names = dict(zip(values, columns.get("network", ()), strict=True)) if kind == "ip_addresses" else {}
    show, seen = _shown_by(identifiers).get(kind, str), _Seen.build(values, columns)
    return RelatedEntities(
        total=len(events),
        entities=[
            RelatedEntity(
                shown=show(value),
                ref=references.to_ref(names.get(value, value)) if masked else None,
                alias=references.to_alias(names.get(value, value)) if masked or kind == "users" else "",
                events=events[value],
                clicks=seen.clicks[value],
                conversions=seen.conversions[value],
                first_seen=seen.first[value],
                last_seen=seen.last[value],
            )
            for _, value in nsmallest(MAX_RELATED, zip(map(neg, events.values()), events, strict=True))
        ],
    )


@dataclass(frozen=True)
class _Seen:
    """How often each value occurs in clicks and conversions, and its first and last time."""

    clicks: Counter[Any]
    conversions: Counter[Any]
    first: Mapping[Any, datetime]
    last: Mapping[Any, datetime]

    @classmethod
    def build(cls, values: Sequence[Any], columns: Mapping[str, Sequence[Any]]) -> Self:
        """Read what the columns have, newest first; each step is one pass that needs no Python code an event."""
        kinds, times = columns.get("event_type", ()), columns.get("occurred_at", ())
        clicks, conversions = (
            Counter(compress(values, map(wanted.__eq__, kinds))) for wanted in ("click", "conversion")
        )
        newest = dict(zip(reversed(values), reversed(times), strict=True))
        return cls(clicks, conversions, first=dict(zip(values, times, strict=True)), last=newest)


def _shown_by(identifiers: Identifiers) -> dict[RelatedKind, Callable[[str], str]]:
    return {
        "ip_addresses": identifiers.show_ip_address,
        "devices": identifiers.show_device,
        "users": identifiers.show_user,
        "user_agents": identifiers.show_user_agent,
    }


def format_page(
    events: Sequence[Row[Any]], query: Query, *, oldest_first: bool
) -> tuple[list[InvestigatedEvent], str | None]:
    """The events of one page, and the cursor of the next one."""
    behind = events
    if query.page.after:
        at, event_id = query.page.after
        last_shown = (datetime.fromisoformat(at), UUID(event_id))
        behind = [event for event in events if _is_behind(event, last_shown, oldest_first=oldest_first)]
    shown, last = query.page.split(behind[: query.page.fetch])
    identifiers = query.identifiers
    name = f"{CURSOR} {'asc' if oldest_first else 'desc'}"
    cursor = last and encode_cursor(identifiers.references, name, (last.occurred_at, last.event_id))
    return [format_event(event, identifiers) for event in shown], cursor


def _is_behind(event: Row[Any], last_shown: tuple[datetime, UUID], *, oldest_first: bool) -> bool:
    place = (event.occurred_at, event.event_id)
    return place > last_shown if oldest_first else place < last_shown


def format_event(event: Row[Any], identifiers: Identifiers) -> InvestigatedEvent:
    """The event as this caller may see it."""
    ip_address, device, user = event.ip_address, event.device_fingerprint, event.user_id
    return InvestigatedEvent(
        occurred_at=event.occurred_at,
        event_type=event.event_type,
        ip_address=ip_address and identifiers.show_ip_address(ip_address),
        ip_ref=ip_address and identifiers.references.to_ref(event.network),
        ip_alias=ip_address and identifiers.references.to_alias(event.network),
        device_fingerprint=device and identifiers.show_device(device),
        device_ref=device and identifiers.references.to_ref(device),
        device_alias=device and identifiers.references.to_alias(device),
        link_id=event.link_id,
        referrer_id=event.referrer_id,
        source=event.source,
        user_id=user and identifiers.show_user(user),
        user_alias=user and identifiers.references.to_alias(user),
        user_agent=event.user_agent and identifiers.show_user_agent(event.user_agent),
        conversion_value=event.conversion_value,
        traffic_class=event.traffic_class,
        traffic_reason=event.traffic_reason,
    )
