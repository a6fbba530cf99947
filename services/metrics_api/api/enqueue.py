"""Tells the news and queues the work that a request has made, without waiting for the reconciler."""

from datetime import UTC, datetime

from metrics_api.api.context import current_context
from metrics_api.notifications.dispatch import enqueue_news
from metrics_api.work.due import enqueue_due
from metrics_api.work.kinds import Kind


def enqueue_waiting_news() -> None:
    """Have what waits for a rule's turn sent; call it once the change that made the news is committed."""
    enqueue_news(current_context(), now=datetime.now(UTC))


def enqueue(kind: Kind) -> None:
    """Put what waits on its queue; call it once the change that made the work is committed."""
    enqueue_due(current_context(), kind, now=datetime.now(UTC))
