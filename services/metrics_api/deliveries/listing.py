"""Reads the deliveries of a report or a request."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.paging import CursorSigner, Page, encode_cursor
from metrics_api.deliveries.transitions import SHOWN
from viral_contract.models.deliveries import DeliveriesAnswer, Delivery, RenderedDelivery
from viral_contract.models.recipients import mask_recipient

CURSOR = "deliveries"
_COLUMNS = """
    SELECT deliveries.id, request_id, recipient, status, attempt, max_attempts, deliveries.created_at, sent_at,
        next_attempt_at, last_error, discarded_at, content IS NOT NULL AS has_content
    FROM deliveries JOIN delivery_requests ON delivery_requests.id = request_id
"""
_OF_REPORT = text(f"""
    {_COLUMNS} WHERE report_id = :report_id
        AND (CAST(:request_id AS bigint) IS NULL
            OR (request_id, -deliveries.id) < (:request_id, -CAST(:delivery_id AS bigint)))
    ORDER BY request_id DESC, deliveries.id LIMIT :fetch
""")
_OF_REQUEST = text(f"{_COLUMNS} WHERE request_id = :request_id ORDER BY deliveries.id")
_ONE = text(f"""
    SELECT asked.*, content FROM ({_COLUMNS} WHERE report_id = :report_id AND deliveries.id = :delivery_id) AS asked
    JOIN deliveries USING (id)
""")


def fetch_deliveries(
    connection: Connection, report_id: int, page: Page, signer: CursorSigner, *, email_enabled: bool, whole: bool
) -> DeliveriesAnswer:
    """The deliveries of a report, newest request first; recipients are masked unless `whole`."""
    request_id, delivery_id = map(int, page.after) if page.after else (None, None)
    values = {"report_id": report_id, "request_id": request_id, "delivery_id": delivery_id, "fetch": page.fetch}
    shown, last = page.split(connection.execute(_OF_REPORT, values).all())
    cursor = encode_cursor(signer, CURSOR, (last.request_id, last.id)) if last else None
    return DeliveriesAnswer(deliveries=_format_all(shown, whole=whole), email_enabled=email_enabled, next_cursor=cursor)


def fetch_request(connection: Connection, request_id: int, *, email_enabled: bool) -> DeliveriesAnswer:
    """All deliveries of one request, in the order of its recipients."""
    rows = connection.execute(_OF_REQUEST, {"request_id": request_id}).all()
    return DeliveriesAnswer(deliveries=_format_all(rows, whole=True), email_enabled=email_enabled, next_cursor=None)


def fetch_delivery(connection: Connection, report_id: int, delivery_id: int) -> RenderedDelivery | None:
    """One delivery of a report with its rendered content, or None if it does not exist."""
    row = connection.execute(_ONE, {"report_id": report_id, "delivery_id": delivery_id}).one_or_none()
    return RenderedDelivery(**_shape(row, whole=True), content=row.content) if row else None


def _format_all(rows: Iterable[Row[Any]], *, whole: bool) -> list[Delivery]:
    return [Delivery(**_shape(row, whole=whole)) for row in rows]


def _shape(row: Row[Any], *, whole: bool) -> dict[str, Any]:
    return {
        "id": row.id,
        "recipient_email": row.recipient if whole else mask_recipient(row.recipient),
        "status": SHOWN[row.status],
        "attempt": row.attempt,
        "max_attempts": row.max_attempts,
        "created_at": row.created_at,
        "sent_at": row.sent_at,
        "next_attempt_at": row.next_attempt_at if row.status == "pending" else None,
        "reason": row.last_error,
        "discarded_at": row.discarded_at,
        "has_content": row.has_content,
    }
