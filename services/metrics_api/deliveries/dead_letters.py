"""Deliveries that failed for good, or of which nobody knows whether they arrived: a person decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.access.decisions import save_decision
from metrics_api.deliveries.enqueue import QUEUES
from metrics_api.deliveries.suppressions import lift_for_retry
from viral_contract.models.queues import DeadLetter
from viral_contract.models.recipients import mask_recipient

_PREFIX = "delivery-"

_HELD = text("""
    SELECT deliveries.id, kind, recipient, status, last_error, attempt, finished_at, report_id,
        delivery_requests.notification ->> 'rule' AS rule, takedown ->> 'content_id' AS content_id
    FROM deliveries JOIN delivery_requests ON delivery_requests.id = request_id
    WHERE deliveries.id = ANY(:ids)
""")
_IS_HELD = "WHERE id = :row_id AND discarded_at IS NULL AND status"
_RETRY = text(f"""
    UPDATE deliveries SET status = 'pending', attempt = 0, next_attempt_at = :now, enqueued_at = NULL,
        finished_at = NULL {_IS_HELD} IN ('uncertain', 'dead')
""")
# An uncertain one stays so: to call it cancelled would say that nothing arrived.
_DISCARD = text(f"""
    UPDATE deliveries SET discarded_at = :now, finished_at = :now,
        status = CASE status WHEN 'dead' THEN 'cancelled' ELSE status END {_IS_HELD} IN ('uncertain', 'dead')
""")
_CONFIRM = text(f"""
    UPDATE deliveries SET status = 'sent', sent_at = intent_at, finished_at = :now, last_error = NULL
    {_IS_HELD} = 'uncertain'
""")


def fetch_held_deliveries(connection: Connection, delivery_ids: Sequence[int]) -> dict[int, DeadLetter]:
    """Deliveries that wait for a person, by their ids."""
    return {row.id: _format(row) for row in connection.execute(_HELD, {"ids": list(delivery_ids)})}


def retry_delivery(connection: Connection, delivery_id: int, *, actor: str, now: datetime) -> bool:
    """Send once more, from the first attempt, even if that suppressed the address; False when it waits for nobody."""
    if not save_decision(connection, _RETRY, "retry_dead_letter", ("delivery", delivery_id), actor=actor, now=now):
        return False
    lift_for_retry(connection, delivery_id, actor=actor, now=now)
    return True


def discard_delivery(connection: Connection, delivery_id: int, *, actor: str, now: datetime) -> bool:
    """Let it go; False when it waits for nobody."""
    return save_decision(connection, _DISCARD, "discard_dead_letter", ("delivery", delivery_id), actor=actor, now=now)


def confirm_delivery(connection: Connection, delivery_id: int, *, actor: str, now: datetime) -> bool:
    """Note that it did arrive; False when that was never in doubt."""
    return save_decision(connection, _CONFIRM, "confirm_dead_letter", ("delivery", delivery_id), actor=actor, now=now)


def _name(row: Row[Any]) -> str:
    if row.report_id is not None:
        return f"report {row.report_id}"
    if row.content_id is not None:
        return f"takedown of {row.content_id}"
    return f"notification of {row.rule}" if row.rule else "notification"


def _format(row: Row[Any]) -> DeadLetter:
    return DeadLetter(
        id=f"{_PREFIX}{row.id}",
        state="uncertain" if row.status == "uncertain" else "failed",
        queue=QUEUES[row.kind][0],
        what=f"{_name(row)} to {mask_recipient(row.recipient)}",
        reason=row.last_error or "unknown",
        attempts=row.attempt,
        failed_at=row.finished_at,
    )
