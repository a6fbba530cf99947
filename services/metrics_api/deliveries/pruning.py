"""Deletes the rendered content of deliveries that have ended.

The rows stay: they are the ledger of what was sent, and without a recipient's hash the same could be sent again.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from metrics_api.settings.deliveries import DeliverySettings

# Also of what waits for a person: a retry renders it again from the request and its report.
_CONTENT = text("""
    UPDATE deliveries SET content = NULL
    WHERE id IN (
        SELECT id FROM deliveries
        WHERE content IS NOT NULL AND finished_at < :cutoff
            AND status IN ('sent', 'placeholder', 'suppressed', 'cancelled', 'dead', 'uncertain')
        LIMIT :most FOR UPDATE SKIP LOCKED
    )
""")
_MOST_AT_ONCE = 1000


def prune_deliveries(connection: Connection, settings: DeliverySettings, *, now: datetime) -> bool:
    """Prune some of what ended DELIVERY_PRUNE_DAYS ago; says whether there may be more."""
    cutoff = now - timedelta(days=settings.delivery_prune_days)
    return connection.execute(_CONTENT, {"cutoff": cutoff, "most": _MOST_AT_ONCE}).rowcount == _MOST_AT_ONCE
