"""Puts together what the three kinds of investigations have in common."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.access.identifiers import Identifiers
from metrics_api.detection.investigations import shaping
from metrics_api.detection.investigations.event_filter import EventFilter
from metrics_api.detection.investigations.history import History, fetch_history, fetch_seen
from metrics_api.detection.query import Query
from viral_contract.models.entity_lists import ListName
from viral_contract.models.investigations import Entity, EntityKind, RelatedKind

_SAME_KIND: dict[EntityKind, RelatedKind] = {
    "ip_address": "ip_addresses",
    "device": "devices",
    "referrer": "referrers",
}
_HAS_LINKS = text("SELECT EXISTS (SELECT FROM attribution_links WHERE referrer_id = :referrer)")


@dataclass(frozen=True)
class Subject:
    """The entity of an investigation, when it was first seen, and what it did lately."""

    kind: EntityKind
    identifier: str
    first_seen: datetime | None
    last_seen: datetime | None
    history: History
    wanted: EventFilter

    def list_events(self, identifiers: Identifiers) -> list[Row[Any]]:
        """The events that are wanted of those that were looked at."""
        return self.wanted.select(self.history.events, identifiers)


def fetch_subject(
    connection: Connection, kind: EntityKind, identifier: str, query: Query, wanted: EventFilter
) -> Subject | None:
    """The entity with its history in the period, or None when neither an event nor a link of it was ever stored."""
    first_seen, last_seen = fetch_seen(connection, kind, identifier)
    if first_seen is None and not (kind == "referrer" and _fetch_has_links(connection, identifier)):
        return None
    history = fetch_history(connection, kind, identifier, query)
    return Subject(kind, identifier, first_seen, last_seen, history, wanted)


def _fetch_has_links(connection: Connection, referrer_id: str) -> bool:
    found: bool = connection.execute(_HAS_LINKS, {"referrer": referrer_id}).scalar_one()
    return found


def format_common(subject: Subject, query: Query) -> dict[str, Any]:
    """The fields that every kind of investigation has, but for the rule and what it found."""
    history = subject.history
    listed = subject.list_events(query.identifiers)
    events, next_cursor = shaping.format_page(listed, query, oldest_first=subject.wanted.oldest_first)
    counted = history.counted
    return {
        "period": query.period,
        "computed_at": query.now,
        "entity": _format_entity(subject, query),
        "looked_at_events": len(history.events),
        "truncated": history.truncated,
        "looked_at_from": history.since,
        "filtered_events": len(history.events) - len(counted),
        "totals": shaping.format_totals(counted),
        "timeline": shaping.format_timeline(counted, query.period),
        "related": shaping.format_related(counted, query.identifiers, leave_out=_SAME_KIND[subject.kind]),
        "events": events,
        "total_events": len(listed),
        "next_cursor": next_cursor,
    }


def is_flagged(listed: ListName | None, *, by_rule: bool) -> bool:
    """Whether the entity is flagged: what is allowed never is, what is denied always, and the rule decides the rest."""
    return listed == "deny" or (listed != "allow" and by_rule)


def _format_entity(subject: Subject, query: Query) -> Entity:
    identifiers, identifier = query.identifiers, subject.identifier
    show = {"ip_address": identifiers.show_ip_address, "device": identifiers.show_device}.get(subject.kind, str)
    return Entity(
        kind=subject.kind,
        shown=show(identifier),
        ref=None if subject.kind == "referrer" else identifiers.references.to_ref(identifier),
        alias="" if subject.kind == "referrer" else identifiers.references.to_alias(identifier),
        first_seen=subject.first_seen,
        last_seen=subject.last_seen,
    )
