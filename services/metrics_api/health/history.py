"""The score's history: one point an evaluation, thinned when it is read."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, text

from metrics_api.access.identifiers import References
from metrics_api.db.database import Database
from metrics_api.db.tables import health_history
from metrics_api.detection.query import build_masked_query
from metrics_api.health.evaluation import fetch_health
from metrics_api.settings.detection import DetectionSettings
from viral_contract.models.evaluations import HistoryPoint
from viral_contract.models.guardrails import HealthAnswer, HealthBasis
from viral_contract.models.period import Period

MAX_POINTS = 500
_SCORED_DAYS = 7
_KEPT = {"health_score", "health_status", "deductions"}

# One look-up in the index for each stretch of time, so that a year costs as much as a day.
_LAST_OF_EACH_STRETCH = text(f"""
    SELECT point.* FROM generate_series(0, {MAX_POINTS - 1}) AS stretch CROSS JOIN LATERAL (
        SELECT computed_at, health_score, health_status, deductions, has_data, by_share FROM health_history
        WHERE computed_at >= :begins_at + stretch * CAST(:length AS interval)
            AND computed_at < :begins_at + (stretch + 1) * CAST(:length AS interval)
        ORDER BY computed_at DESC, id DESC LIMIT 1
    ) AS point ORDER BY stretch
""")
_IS_STORED = text("""
    SELECT EXISTS (SELECT FROM health_history
        WHERE has_data AND computed_at >= CAST(:day AS date)::timestamp AT TIME ZONE 'UTC'
            AND computed_at < (CAST(:day AS date) + 1)::timestamp AT TIME ZONE 'UTC')
""")
_NEWEST = text("""
    SELECT computed_at, health_score, health_status, deductions, has_data, by_share FROM health_history
    WHERE computed_at > :since ORDER BY computed_at DESC, id DESC LIMIT 1
""")


def save_point(connection: Connection, health: HealthAnswer) -> None:
    """Remember the score of this evaluation on both bases, so that the history of either can be read."""
    row = {
        "computed_at": health.computed_at,
        **health.by_count.model_dump(include=_KEPT),
        "has_data": health.has_data,
        "by_share": health.by_share.model_dump(include=_KEPT),
    }
    connection.execute(insert(health_history).values(row))


def fill_history(
    database: Database, settings: DetectionSettings, references: References, *, days: int, now: datetime
) -> int:
    """Store the score of each of the last `days` dates that has none, as computed now; returns how many.

    An import brings dates that nobody evaluated. Each score is of the 7 dates that end with its own.
    """
    stored = 0
    for back in range(days, 0, -1):
        at = datetime.combine((now - timedelta(days=back)).date(), time(23, 59, 59), UTC)
        query = build_masked_query(Period.last_days(_SCORED_DAYS, now=at), settings, references, now=at)
        with database.write() as connection:
            if connection.execute(_IS_STORED, {"day": at.date()}).scalar_one():
                continue
            health = fetch_health(connection, query)
            if health.is_known:
                save_point(connection, health)
                stored += 1
    return stored


def fetch_newest_point(connection: Connection, basis: HealthBasis, *, since: datetime) -> HistoryPoint | None:
    """What the newest evaluation since then has left, or None where there was none."""
    row = connection.execute(_NEWEST, {"since": since}).one_or_none()
    return _format_point(row, basis) if row else None


def fetch_history(connection: Connection, period: Period, basis: HealthBasis) -> list[HistoryPoint]:
    """The last point of each of 500 equal stretches of the period; the newest point is always among them."""
    length: timedelta = (period.ends_before - period.begins_at) / MAX_POINTS
    rows = connection.execute(_LAST_OF_EACH_STRETCH, {"begins_at": period.begins_at, "length": length}).all()
    return [_format_point(row, basis) for row in rows]


def _format_point(row: Row[Any], basis: HealthBasis) -> HistoryPoint:
    score = row.by_share if basis == "share" else None
    on_basis = {**score, "basis": "share"} if score else {"basis": "count"}
    return HistoryPoint.model_validate({**row._mapping, **on_basis})
