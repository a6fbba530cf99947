"""News about alerts in short, the same in emails and in webhooks."""

from viral_contract.models.deliveries import AlertNews, NewsEvent, Notification

_EVENTS: dict[NewsEvent, str] = {"opened": "New alert", "escalated": "Alert escalated", "ended": "Alert closed"}
# The dashboard shows a storm of alerts whole; a message only its beginning.
MOST_SHOWN = 20


def head_of(notification: Notification) -> str:
    """What it is about, in one line."""
    news, test = notification.news, "Test: " if notification.is_test else ""
    if len(news) == 1:
        return f"{test}{_EVENTS[news[0].event]} ({news[0].severity}): {news[0].message}"
    return f"{test}{len(news)} alert updates from {notification.rule}"


def describe(news: AlertNews) -> str:
    """One piece of news in a few words, without the alert's own message."""
    return f"{_EVENTS[news.event]}, {news.severity}"


def list_shown(notification: Notification) -> tuple[list[AlertNews], int]:
    """What is shown one by one, and how many more there are."""
    return notification.news[:MOST_SHOWN], max(0, len(notification.news) - MOST_SHOWN)
