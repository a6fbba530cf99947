"""Deliveries that failed permanently or are unconfirmed, and a person's decisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.deliveries.suppressions import lift_for_retry
from metrics_api.deliveries.transitions import DELIVERIES, QUEUES
from metrics_api.work.dead_letters import Decision, Ledger, discard, format_letter, retry
from viral_contract.models.queues import DeadLetter
from viral_contract.models.recipients import mask_recipient

_HELD = text("""
    SELECT deliveries.id, kind, recipient, status, last_error, attempt, finished_at, report_id,
        delivery_requests.notification ->> 'rule' AS rule, takedown ->> 'content_id' AS content_id
    FROM deliveries JOIN delivery_requests ON delivery_requests.id = request_id
    WHERE deliveries.id = ANY(:ids)
""")
_RETRY = retry(DELIVERIES)
# An unconfirmed one stays unconfirmed: canceled would mean that nothing arrived.
_DISCARD = discard(
    DELIVERIES, also=", finished_at = :now, status = CASE status WHEN 'dead' THEN 'cancelled' ELSE status END"
)
_CONFIRM = Decision(
    "confirm",
    DELIVERIES,
    DELIVERIES.unconfirmed,
    "status = 'sent', sent_at = intent_at, finished_at = :now, last_error = NULL",
)


def describe_held_deliveries(connection: Connection, delivery_ids: Sequence[int]) -> dict[int, DeadLetter]:
    """Deliveries as dead letters, by their ids."""
    return {
        row.id: format_letter(
            DELIVERIES, QUEUES[row.kind], row, what=f"{_name(row)} to {mask_recipient(row.recipient)}"
        )
        for row in connection.execute(_HELD, {"ids": list(delivery_ids)})
    }


def retry_delivery(connection: Connection, delivery_id: int, *, actor: str, now: datetime) -> bool:
    """Send again from the first attempt, even if it suppressed the address; False if it needs no decision."""
    if not _RETRY.take(connection, delivery_id, actor=actor, now=now):
        return False
    lift_for_retry(connection, delivery_id, actor=actor, now=now)
    return True


def _name(row: Row[Any]) -> str:
    if row.report_id is not None:
        return f"report {row.report_id}"
    if row.content_id is not None:
        return f"takedown of {row.content_id}"
    return f"notification of {row.rule}" if row.rule else "notification"


DELIVERY_LEDGER = Ledger(
    DELIVERIES,
    describe_held_deliveries,
    {"retry": retry_delivery, "discard": _DISCARD.take, "confirm": _CONFIRM.take},
)
