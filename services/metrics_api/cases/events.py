"""What programs are told about cases: those that are opened or decided, and conversions that are not credible."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, text

from metrics_api.db.tables import cases
from metrics_api.work.webhook_events import save_webhook_events

_OF_FRAUD = text("SELECT DISTINCT event_id FROM case_conversions WHERE case_id = ANY(:ids)")


def save_opened(connection: Connection, case_ids: Iterable[int], *, now: datetime) -> None:
    """Record that these cases are open, for the first time or again."""
    ids = list(case_ids)
    if ids:
        rows = connection.execute(select(cases).where(cases.c.id.in_(ids)).order_by(cases.c.id))
        happened = {f"{row.id} {now.isoformat()}": _describe(row) for row in rows}
        save_webhook_events(connection, "case.opened", happened, now=now)


def save_decided(connection: Connection, rows: Collection[Row[Any]], *, is_undone: bool, now: datetime) -> None:
    """Record the verdicts on these cases, or that they were undone, and what is not credible by a verdict."""
    happened = {f"{row.id} {now.isoformat()}": _describe(row) | {"undone": is_undone} for row in rows}
    save_webhook_events(connection, "case.decided", happened, now=now)
    frauds = [row.id for row in rows if row.status == "decided" and row.verdict == "fraud"]
    if frauds:
        save_not_credible(connection, connection.execute(_OF_FRAUD, {"ids": frauds}).scalars(), now=now)


def save_not_credible(connection: Connection, event_ids: Iterable[UUID], *, now: datetime) -> None:
    """Record that these conversions are at stake; those that lists clear are left out when the webhook is called."""
    happened = {str(event_id): {"event_id": str(event_id)} for event_id in event_ids}
    save_webhook_events(connection, "conversion.not_credible", happened, now=now)


def _describe(row: Row[Any]) -> dict[str, object]:
    return {
        "case_id": row.id,
        "kind": row.kind,
        "rules": list(row.rules),
        "strength": row.strength,
        "status": row.status,
        "verdict": row.verdict,
        "stake": {"clicks": row.clicks, "conversions": row.conversions},
    }
