"""Tells the news that a request has made, without waiting for the reconciler."""

from datetime import UTC, datetime

from metrics_api.api.services import services
from metrics_api.notifications.dispatch import tell_news


def tell_waiting_news() -> None:
    """Have what waits for a rule's turn sent; call it once the change that made the news is committed."""
    shared = services()
    tell_news(shared.database, shared.redis, shared.flags, shared.deliveries, shared.queues, now=datetime.now(UTC))
