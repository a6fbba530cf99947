"""The life of a delivery: pending -> claimed -> sending -> sent.

Or it ends as placeholder, suppressed, cancelled, dead (failed for good) or uncertain (unconfirmed: it may have been
sent).
A worker says what it intends before it hands the message over. What a delivery shares with other background work
is in `work`, with one exception: a worker whose lease ran out may still prove that an unconfirmed one was sent.

A webhook carries an id by which its receiver recognizes a repetition, so where an email would become unconfirmed a
webhook is tried again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, TextClause, text

from metrics_api.settings.deliveries import DeliverySettings
from metrics_api.settings.queues import QueueSettings
from metrics_api.work.backoff import DELIVERY_BACKOFF
from metrics_api.work.kinds import Kind
from metrics_api.work.leases import EXPIRED, HELD, SILENCE, claim, end_attempt
from viral_contract.models.deliveries import (
    Content,
    DeliveryClaimed,
    DeliveryIntent,
    DeliveryKind,
    DeliveryResult,
    DeliveryState,
    Outcome,
)
from viral_runtime.observe.telemetry import EventName, record_event
from viral_runtime.work.queues import QueueName

Status = Literal["pending", "claimed", "sending", "sent", "uncertain", "dead", "placeholder", "suppressed", "cancelled"]
SHOWN: dict[Status, DeliveryState] = {
    "pending": "queued",
    "claimed": "sending",
    "sending": "sending",
    "sent": "sent",
    "uncertain": "uncertain",
    "dead": "failed",
    "placeholder": "placeholder",
    "suppressed": "suppressed",
    "cancelled": "cancelled",
}
"""The names by which people and other programs know the states."""


@dataclass(frozen=True)
class Claim:
    """A delivery that a worker holds; `token` proves it until the lease ends."""

    delivery_id: int
    request_id: int
    token: int
    attempt: int
    kind: DeliveryKind
    recipient: str
    is_placeholder: bool
    message_id: str


@dataclass(frozen=True)
class Ended:
    """An attempt that has ended; `status` is pending when another follows."""

    delivery_id: int
    kind: DeliveryKind
    attempt: int
    status: Status
    error: str | None
    duration_ms: float
    was_intended: bool


QUEUES: dict[DeliveryKind, QueueName] = {"email": QueueName.EMAIL_DELIVERY, "webhook": QueueName.WEBHOOKS}
DELIVERIES = Kind(
    "delivery",
    "deliveries",
    {queue: f"kind = '{kind}'" for kind, queue in QUEUES.items()},
    waiting=("pending",),
    running=("claimed", "sending"),
    failed="dead",
    unconfirmed=("uncertain",),
)
_SUPPRESS = text(f"""
    UPDATE deliveries SET status = 'suppressed', finished_at = :now
    WHERE id = :row_id AND {DELIVERIES.is_due} AND kind = 'email'
        AND NOT is_placeholder AND NOT :switched_off
        AND EXISTS (SELECT FROM suppressions WHERE lower(email) = lower(recipient))
""")
_CLAIM = claim(
    DELIVERIES,
    "claimed_at = :now, intent_at = NULL, is_placeholder = is_placeholder OR (kind = 'email' AND :switched_off)",
    returning="id, request_id, token, attempt, kind, recipient, is_placeholder, message_id",
)
# Said again it changes nothing: the worker may not have seen the first answer.
_INTEND = text(f"""
    UPDATE deliveries SET status = 'sending', intent_at = :now, lease_until = :lease_until,
        content = coalesce(CAST(:content AS jsonb), content)
    {HELD} IN ('claimed', 'sending') AND NOT is_placeholder
""")
_ENDED = """
    RETURNING id, kind, attempt, status, last_error,
        extract(epoch FROM CAST(:now AS timestamptz) - claimed_at)::float * 1000 AS duration_ms, intent_at IS NOT NULL
"""
_KEEP_CONTENT = "content = coalesce(CAST(:content AS jsonb), content), reply = coalesce(:reply, reply)"
_SENT = text(f"""
    UPDATE deliveries SET status = 'sent', sent_at = :now, finished_at = :now, lease_until = NULL, last_error = NULL,
        {_KEEP_CONTENT} {HELD} IN ('sending', 'uncertain') {_ENDED}
""")
_PLACEHOLDER = text(f"""
    UPDATE deliveries SET status = 'placeholder', finished_at = :now, lease_until = NULL, {_KEEP_CONTENT}
    {HELD} = 'claimed' AND is_placeholder {_ENDED}
""")
_TRY_AGAIN = end_attempt(DELIVERIES, wait=DELIVERY_BACKOFF)
_HOLD_BACK = "status = 'uncertain', lease_until = NULL, last_error = :error, finished_at = :now"
_REFUSED = text(f"UPDATE deliveries SET {_TRY_AGAIN}, {_KEEP_CONTENT} {HELD} IN ('claimed', 'sending') {_ENDED}")
_FAILED = text(f"""
    UPDATE deliveries SET status = 'dead', lease_until = NULL, last_error = :error, finished_at = :now, {_KEEP_CONTENT}
    {HELD} IN ('claimed', 'sending') {_ENDED}
""")
_UNCONFIRMED = text(
    f"UPDATE deliveries SET {_HOLD_BACK}, {_KEEP_CONTENT} {HELD} = 'sending' AND kind = 'email' {_ENDED}"
)
_REPEAT = text(f"UPDATE deliveries SET {_TRY_AGAIN}, {_KEEP_CONTENT} {HELD} = 'sending' AND kind = 'webhook' {_ENDED}")
_BY_OUTCOME: dict[Outcome, tuple[TextClause, ...]] = {
    "sent": (_SENT,),
    "placeholder": (_PLACEHOLDER,),
    "refused": (_REFUSED,),
    "failed": (_FAILED,),
    "uncertain": (_UNCONFIRMED, _REPEAT),
}
# A worker that did not see the first answer says it again.
_LEADS_TO: dict[Outcome, Status] = {
    "sent": "sent",
    "placeholder": "placeholder",
    "failed": "dead",
    "uncertain": "uncertain",
}
_REPEATED = text(f"SELECT status FROM deliveries {HELD} = :status")
_EXPIRE = (
    text(f"UPDATE deliveries SET {_TRY_AGAIN} WHERE status = 'claimed' AND {EXPIRED} {_ENDED}"),
    text(f"UPDATE deliveries SET {_HOLD_BACK} WHERE status = 'sending' AND kind = 'email' AND {EXPIRED} {_ENDED}"),
    text(f"UPDATE deliveries SET {_TRY_AGAIN} WHERE status = 'sending' AND kind = 'webhook' AND {EXPIRED} {_ENDED}"),
)
# Deletes the content only: the rows are the ledger of what was sent, and without a recipient's hash the same could be
# sent again. Also that of dead letters, because a retry renders it again from the request and its report.
_PRUNE = text("""
    UPDATE deliveries SET content = NULL
    WHERE id IN (
        SELECT id FROM deliveries
        WHERE content IS NOT NULL AND finished_at < :cutoff
            AND status IN ('sent', 'placeholder', 'suppressed', 'cancelled', 'dead', 'uncertain')
        LIMIT :max FOR UPDATE SKIP LOCKED
    )
""")
_MAX_PRUNED = 1000
_STARTED_EVENT: dict[str, EventName] = {
    "email": "viral_engine.email.delivery_started",
    "webhook": "viral_engine.webhooks.delivery_started",
}
_COMPLETED_EVENT: dict[str, EventName] = {
    "email": "viral_engine.email.delivery_completed",
    "webhook": "viral_engine.webhooks.delivery_completed",
}
_FAILED_EVENT: dict[str, EventName] = {
    "email": "viral_engine.email.delivery_failed",
    "webhook": "viral_engine.webhooks.delivery_failed",
}


def claim_delivery(
    connection: Connection, delivery_id: int, settings: DeliverySettings, *, switched_off: bool, now: datetime
) -> Claim | None:
    """Take the delivery, or None when it is not waiting, or its recipient is suppressed.

    An email that is taken while email is `switched_off` becomes a placeholder for good.
    """
    values = {"row_id": delivery_id, "switched_off": switched_off, "now": now}
    connection.execute(_SUPPRESS, values)
    lease_until = now + timedelta(seconds=settings.delivery_lease_seconds)
    row = connection.execute(_CLAIM, {**values, "lease_until": lease_until}).one_or_none()
    return Claim(*row) if row else None


def save_intent(
    connection: Connection, delivery_id: int, intent: DeliveryIntent, settings: DeliverySettings, *, now: datetime
) -> bool:
    """Note that the message is about to be handed over; False when the worker must not do it."""
    values = {
        "row_id": delivery_id,
        "token": intent.token,
        "content": _dump(intent.content),
        "lease_until": now + timedelta(seconds=settings.sending_lease_seconds),
        "now": now,
    }
    return connection.execute(_INTEND, values).rowcount == 1


def save_result(
    connection: Connection, delivery_id: int, result: DeliveryResult, settings: QueueSettings, *, now: datetime
) -> Ended | None:
    """End the attempt as the worker says it ended; None when it may not say so, or no longer."""
    values: dict[str, Any] = {
        "row_id": delivery_id,
        "token": result.token,
        "reply": result.reply,
        "error": result.error,
        "content": _dump(result.content),
        "waits": settings.delivery_waits_seconds,
        "now": now,
    }
    for statement in _BY_OUTCOME[result.outcome]:
        row = connection.execute(statement, values).one_or_none()
        if row:
            return Ended(*row)
    return None


def fetch_repeated(connection: Connection, delivery_id: int, result: DeliveryResult) -> Status | None:
    """The state that this very result brought about before, or None where it did not."""
    values = {"row_id": delivery_id, "token": result.token, "status": _LEADS_TO.get(result.outcome)}
    status: Status | None = connection.execute(_REPEATED, values).scalar_one_or_none()
    return status


def expire_leases(connection: Connection, settings: QueueSettings, *, now: datetime) -> list[Ended]:
    """Take deliveries back from workers that fell silent: tried again, or held where they may have been sent."""
    values = {"error": SILENCE, "waits": settings.delivery_waits_seconds, "now": now}
    return [Ended(*row) for statement in _EXPIRE for row in connection.execute(statement, values)]


def _dump(content: Content | None) -> str | None:
    return content.model_dump_json(exclude_none=True) if content else None


def prune_deliveries(connection: Connection, settings: DeliverySettings, *, now: datetime) -> bool:
    """Delete the content of some deliveries that ended DELIVERY_PRUNE_DAYS ago; returns whether there may be more."""
    cutoff = now - timedelta(days=settings.delivery_prune_days)
    return connection.execute(_PRUNE, {"cutoff": cutoff, "max": _MAX_PRUNED}).rowcount == _MAX_PRUNED


def record_started(claimed: DeliveryClaimed) -> None:
    """A worker has begun an attempt."""
    record_event(_STARTED_EVENT[claimed.kind], delivery_id=claimed.delivery_id, attempt=claimed.attempt)


def record_ended(ended: Ended) -> None:
    """An attempt has ended."""
    fields = {"delivery_id": ended.delivery_id, "attempt": ended.attempt, "status": SHOWN[ended.status]}
    if ended.status in ("sent", "placeholder"):
        record_event(_COMPLETED_EVENT[ended.kind], **fields, duration_ms=round(ended.duration_ms, 1))
    else:
        record_event(_FAILED_EVENT[ended.kind], **fields, error=ended.error)
