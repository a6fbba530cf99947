"""Tells the news and queues the work that a request has made, without waiting for the reconciler."""

from collections.abc import Callable
from datetime import UTC, datetime

from metrics_api.api.context import current_context
from metrics_api.notifications.dispatch import tell_news


def tell_waiting_news() -> None:
    """Have what waits for a rule's turn sent; call it once the change that made the news is committed."""
    tell_news(current_context(), now=datetime.now(UTC))


def poke(poke_due: Callable[..., None]) -> None:
    """Put what waits on its queue, by one of `poke_due_*`; call it once the change that made the work is committed."""
    poke_due(current_context(), now=datetime.now(UTC))
