"""The events of deliveries, recorded once the change behind them is committed; never with a recipient."""

from metrics_api.deliveries.transitions import SHOWN, Ended
from viral_contract.models.deliveries import DeliveryClaimed
from viral_runtime.observe.telemetry import EventName, record_event

_STARTED: dict[str, EventName] = {
    "email": "viral_engine.email.delivery_started",
    "webhook": "viral_engine.webhooks.delivery_started",
}
_COMPLETED: dict[str, EventName] = {
    "email": "viral_engine.email.delivery_completed",
    "webhook": "viral_engine.webhooks.delivery_completed",
}
_FAILED: dict[str, EventName] = {
    "email": "viral_engine.email.delivery_failed",
    "webhook": "viral_engine.webhooks.delivery_failed",
}


def record_started(claimed: DeliveryClaimed) -> None:
    """A worker has begun an attempt."""
    record_event(_STARTED[claimed.kind], delivery_id=claimed.delivery_id, attempt=claimed.attempt)


def record_ended(ended: Ended) -> None:
    """An attempt has ended."""
    fields = {"delivery_id": ended.delivery_id, "attempt": ended.attempt, "status": SHOWN[ended.status]}
    if ended.status in ("sent", "placeholder"):
        record_event(_COMPLETED[ended.kind], **fields, duration_ms=round(ended.duration_ms, 1))
    else:
        record_event(_FAILED[ended.kind], **fields, error=ended.error)
