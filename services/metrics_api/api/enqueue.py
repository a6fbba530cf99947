"""Tells the news and queues the work that a request has made, without waiting for the reconciler."""

from collections.abc import Callable
from datetime import UTC, datetime

from metrics_api.api.services import services
from metrics_api.notifications.dispatch import tell_news


def tell_waiting_news() -> None:
    """Have what waits for a rule's turn sent; call it once the change that made the news is committed."""
    shared = services()
    tell_news(shared.database, shared.redis, shared.flags, shared.deliveries, shared.queues, now=datetime.now(UTC))


def poke(poke_due: Callable[..., None]) -> None:
    """Put what waits on its queue, by one of `poke_due_*`; call it once the change that made the work is committed."""
    own = services()
    poke_due(own.database, own.redis, own.queues, now=datetime.now(UTC))
