"""How many deliveries wait, are in work, or need a person."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from viral_contract.models.deliveries import DeliveryKind


@dataclass(frozen=True)
class Counts:
    """The deliveries of one kind; those that were let go are left out."""

    depth: int
    running: int
    failed: int
    uncertain: int
    oldest_waiting_seconds: float | None


_COUNTS = text("""
    SELECT kind, count(*) FILTER (WHERE status = 'pending') AS depth,
        count(*) FILTER (WHERE status IN ('claimed', 'sending')) AS running,
        count(*) FILTER (WHERE status = 'dead') AS failed,
        count(*) FILTER (WHERE status = 'uncertain') AS uncertain,
        extract(epoch FROM :now - min(next_attempt_at) FILTER (WHERE status = 'pending' AND next_attempt_at <= :now))
            ::float AS oldest_waiting_seconds
    FROM deliveries
    WHERE status IN ('pending', 'claimed', 'sending') OR status IN ('uncertain', 'dead') AND discarded_at IS NULL
    GROUP BY kind
""")


def fetch_delivery_counts(connection: Connection, *, now: datetime) -> dict[DeliveryKind, Counts]:
    """The counts of both kinds."""
    kinds: tuple[DeliveryKind, ...] = ("email", "webhook")
    found = {row.kind: Counts(*row[1:]) for row in connection.execute(_COUNTS, {"now": now})}
    return {kind: found.get(kind, Counts(0, 0, 0, 0, None)) for kind in kinds}
