"""Which of the events looked at are listed, and in which order; a text finds what the caller may see of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from metrics_api.access.identifiers import Identifiers
from viral_contract.models.events import EventType

_PLAIN = ("event_type", "link_id", "referrer_id", "source", "traffic_class", "traffic_reason")


@dataclass(frozen=True)
class EventFilter:
    """A part of what an event names, or a ref; the type of event; and whether the oldest come first."""

    text: str | None = None
    event_type: EventType | None = None
    oldest_first: bool = False

    def select(self, events: Sequence[Row[Any]], identifiers: Identifiers) -> list[Row[Any]]:
        """Those of the events, given newest first, that match, in the order."""
        found = [event for event in events if self.event_type in (None, event.event_type)]
        if self.text:
            is_named = _build_test(self.text, identifiers)
            found = [event for event in found if is_named(event)]
        return found[::-1] if self.oldest_first else found


def _build_test(text: str, identifiers: Identifiers) -> Callable[[Row[Any]], bool]:
    named = identifiers.references.to_identifier(text)
    ref, part = (None if named == text else named), text.lower()
    masked = {
        "ip_address": identifiers.show_ip_address,
        "device_fingerprint": identifiers.show_device,
        "user_id": identifiers.show_user,
        "user_agent": identifiers.show_user_agent,
    }

    def is_named(event: Row[Any]) -> bool:
        if ref is not None:
            return ref in (event.network, event.ip_address, event.device_fingerprint)
        plain = (getattr(event, name) for name in _PLAIN)
        shown = (show(value) for name, show in masked.items() if (value := getattr(event, name)))
        return any(part in each.lower() for each in (*plain, *shown) if each)

    return is_named
