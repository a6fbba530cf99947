"""Sends the notifications and queues the work that a request has made, without waiting for the reconciler."""

from datetime import UTC, datetime

from metrics_api.api.context import current_context
from metrics_api.notifications.dispatch import enqueue_messages
from metrics_api.work.due import enqueue_due
from metrics_api.work.kinds import Kind


def enqueue_alert_messages() -> None:
    """Send waiting alert events as messages; call it once the change that recorded them is committed."""
    enqueue_messages(current_context(), now=datetime.now(UTC))


def enqueue(kind: Kind) -> None:
    """Enqueue due work of a kind; call it once the change that created it is committed."""
    enqueue_due(current_context(), kind, now=datetime.now(UTC))
