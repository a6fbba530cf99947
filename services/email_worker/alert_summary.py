"""Alert events in short, the same in emails and webhooks."""

from viral_contract.models.deliveries import AlertEvent, AlertEventKind, Notification

_EVENTS: dict[AlertEventKind, str] = {"opened": "New alert", "escalated": "Alert escalated", "ended": "Alert closed"}
# The dashboard lists every alert of a storm; a message only the first.
MOST_SHOWN = 20


def head_of(notification: Notification) -> str:
    """What the notification is about, in one line."""
    events, test = notification.news, "Test: " if notification.is_test else ""
    if len(events) == 1:
        return f"{test}{_EVENTS[events[0].event]} ({events[0].severity}): {events[0].message}"
    return f"{test}{len(events)} alert updates from {notification.rule}"


def describe(event: AlertEvent) -> str:
    """One event in a few words, without the alert's own message."""
    return f"{_EVENTS[event.event]}, {event.severity}"


def list_shown(notification: Notification) -> tuple[list[AlertEvent], int]:
    """The events to list one by one, and how many more there are."""
    return notification.news[:MOST_SHOWN], max(0, len(notification.news) - MOST_SHOWN)
