"""News about alerts as a letter: one piece, or a digest of several."""

from email_worker.letter import Letter, load_templates
from email_worker.news_words import describe, head_of, list_told
from viral_contract.models.deliveries import AlertNews, Notification
from viral_reports.figures import format_moment

_COLOURS = {"critical": "#B42318", "high": "#B54708", "medium": "#6941C6"}


def write_news_letter(notification: Notification, *, unsubscribe_url: str | None) -> Letter:
    """The letter that tells a notification."""
    told, more = list_told(notification)
    values = {
        "head": head_of(notification),
        "rule": notification.rule,
        "items": [_format_item(news) for news in told],
        "more": more,
        "unsubscribe_url": unsubscribe_url,
    }
    return Letter(
        subject=head_of(notification),
        html=load_templates().get_template("news.html").render(values),
        text=load_templates().get_template("news.txt").render(values),
    )


def _format_item(news: AlertNews) -> dict[str, str]:
    return {
        "kind": describe(news),
        "message": news.message,
        "at": format_moment(news.at),
        "url": news.url,
        "colour": _COLOURS[news.severity] if news.event != "ended" else "#067647",
    }
