"""Builds facts to post: defaults for everything, override what matters."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def build_event(event_type: str = "click", *, at: datetime = NOON, **fields: Any) -> dict[str, Any]:
    """An event with an id of its own."""
    return {"event_id": str(uuid4()), "event_type": event_type, "occurred_at": at.isoformat(), **fields}


def build_clicks(count: int, *, at: datetime = NOON, apart: float = 0, **fields: Any) -> list[dict[str, Any]]:
    """Clicks that follow one another after so many seconds."""
    return [build_event(at=at + timedelta(seconds=apart * number), **fields) for number in range(count)]


def build_link(id: str, **fields: Any) -> dict[str, Any]:  # noqa: A002 - the contract's name.
    """A link for a bulk request."""
    return {"id": id, "referrer_id": "maria", "source": "buddy_challenge", **fields}
