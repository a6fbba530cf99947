"""The score's history: one point an evaluation, thinned when it is read."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, text

from metrics_api.db.tables import health_history
from viral_contract.models.evaluations import HistoryPoint
from viral_contract.models.guardrails import HealthAnswer
from viral_contract.models.period import Period

MAX_POINTS = 500

# One look-up in the index for each stretch of time, so that a year costs as much as a day.
_LAST_OF_EACH_STRETCH = text(f"""
    SELECT point.* FROM generate_series(0, {MAX_POINTS - 1}) AS stretch CROSS JOIN LATERAL (
        SELECT computed_at, health_score, health_status, deductions, has_data FROM health_history
        WHERE computed_at >= :begins_at + stretch * CAST(:length AS interval)
            AND computed_at < :begins_at + (stretch + 1) * CAST(:length AS interval)
        ORDER BY computed_at DESC, id DESC LIMIT 1
    ) AS point ORDER BY stretch
""")
_NEWEST = text("""
    SELECT computed_at, health_score, health_status, deductions, has_data FROM health_history
    WHERE computed_at > :since ORDER BY computed_at DESC, id DESC LIMIT 1
""")


def save_point(connection: Connection, health: HealthAnswer) -> None:
    """Remember the score of this evaluation."""
    row = {
        "computed_at": health.computed_at,
        "health_score": health.health_score,
        "health_status": health.health_status,
        "deductions": health.deductions.model_dump(),
        "has_data": health.has_data,
    }
    connection.execute(insert(health_history).values(row))


def fetch_newest_point(connection: Connection, *, since: datetime) -> HistoryPoint | None:
    """What the newest evaluation since then has left, or None where there was none."""
    row = connection.execute(_NEWEST, {"since": since}).one_or_none()
    return _format_point(row) if row else None


def fetch_history(connection: Connection, period: Period) -> list[HistoryPoint]:
    """The last point of each of 500 equal stretches of the period; the newest point is always among them."""
    length: timedelta = (period.ends_before - period.begins_at) / MAX_POINTS
    rows = connection.execute(_LAST_OF_EACH_STRETCH, {"begins_at": period.begins_at, "length": length}).all()
    return [_format_point(row) for row in rows]


def _format_point(row: Row[Any]) -> HistoryPoint:
    return HistoryPoint.model_validate(dict(row._mapping))
