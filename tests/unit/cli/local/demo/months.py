"""The generated month at several moments, made once for all tests of the demo."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from metrics_api.traffic.classifier import Classifier
from viral_cli.local.demo.month import generate_month

Item = dict[str, Any]

_CLASSIFIER = Classifier()
MOMENTS = {
    "a Thursday's lesson": datetime(2024, 3, 14, 13, 30, 3, 987_654, tzinfo=UTC),
    "just after midnight": datetime(2025, 1, 7, 0, 3, 20, tzinfo=UTC),
    "a quiet Sunday night": datetime(2024, 3, 3, 3, 14, 15, tzinfo=UTC),
}


@dataclass(frozen=True)
class Loaded:
    """A generated month with the moment it was generated for."""

    now: datetime
    links: list[Item]
    events: list[Item]

    def of_type(self, event_type: str, *, days: int = 35) -> list[Item]:
        """The events of a type on the last dates that no program sent."""
        since = (self.now.date() - timedelta(days=days - 1)).isoformat()
        return [
            event
            for event in self.events
            if event["event_type"] == event_type and event["occurred_at"] >= since and _is_of_person(event)
        ]

    def referrer_of(self) -> dict[str, str]:
        """Who gets the credit for each link."""
        return {link["id"]: link["referrer_id"] for link in self.links}

    def clicks_by(self, field: str, *, days: int = 35) -> dict[str, list[datetime]]:
        """When each address or device clicked, in order."""
        clicks = defaultdict(list)
        for event in self.of_type("click", days=days):
            clicks[event[field]].append(datetime.fromisoformat(event["occurred_at"]))
        return clicks


def _is_of_person(event: Item) -> bool:
    fields = (event.get(name) for name in ("http_method", "purpose", "user_agent", "ip_address"))
    return _CLASSIFIER.classify(*fields).is_person


@cache
def month_at(now: datetime) -> Loaded:
    """The month that ends at that moment."""
    generated = generate_month(now)
    return Loaded(now, generated.links, generated.events)
