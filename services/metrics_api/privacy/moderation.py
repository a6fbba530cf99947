"""Asks the app to hide violating items: one signed webhook call per item, through the ledger of deliveries."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.deliveries.requests import DeliveryRequest, save_request
from metrics_api.settings.deliveries import DeliverySettings
from viral_contract.models.deliveries import Takedown

_MOST = 500
# Violations found long before the URL was set are for people to review, not for a storm of calls.
_RECENT = timedelta(days=1)
_SINCE = text("SELECT since FROM takedown_watch")
_WATCH = text("INSERT INTO takedown_watch (since) VALUES (:since) ON CONFLICT DO NOTHING")
_STOP = text("DELETE FROM takedown_watch")
_NEW = text("""
    UPDATE violations SET takedown_asked_at = :now WHERE id IN (
        SELECT id FROM violations
        WHERE resolution IS NULL AND takedown_asked_at IS NULL AND found_at > :since
        ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
    ) RETURNING content_kind, content_id, type, found_at
""")


def request_moderation(connection: Connection, settings: DeliverySettings, *, now: datetime) -> int:
    """Request one call per item with new violations; returns the number of items.

    New violations are those found since one day before the URL was set.
    """
    url = settings.takedown_webhook_url
    if url is None:
        connection.execute(_STOP)
        return 0
    since = connection.execute(_SINCE).scalar_one_or_none()
    if since is None:
        since = now - _RECENT
        connection.execute(_WATCH, {"since": since})
    found = connection.execute(_NEW, {"now": now, "since": since, "most": _MOST}).all()
    items = group_by_item(found)
    for takedown in items:
        request = DeliveryRequest(
            kind="webhook", recipients=[url], is_placeholder=False, requested_by="takedown", takedown=takedown
        )
        save_request(connection, request, domain=settings.message_id_domain, now=now)
    return len(items)


def group_by_item(found: Sequence[Row[Any]]) -> list[Takedown]:
    """One takedown per item, with all its violations."""
    items: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
    for row in found:
        items[row.content_kind, row.content_id].append(row)
    return [
        Takedown(
            content_kind=rows[0].content_kind,
            content_id=rows[0].content_id,
            types=sorted({row.type for row in rows}),
            found_at=min(row.found_at for row in rows),
        )
        for rows in items.values()
    ]
