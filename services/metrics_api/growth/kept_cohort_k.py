"""Cohort K as pages ask for it: where it takes long, computed in the background and kept for some minutes."""

from datetime import datetime, timedelta
from time import monotonic

from pydantic import ValidationError
from sqlalchemy import Connection, delete, insert, select

from metrics_api.db.tables import kept_cohort_k
from metrics_api.detection.query import Query
from metrics_api.growth.clean import THRESHOLDS
from metrics_api.growth.cohort_k import fetch_cohort_k
from viral_contract.models.cohort_k import CohortKAnswer

WEEKS, DAYS = 8, 28
"""What pages ask for."""
_KEPT_FOR = timedelta(minutes=10)
"""It is computed every 5 minutes; without that for this long, each request computes its own."""
_LONG_SECONDS = 0.2


def keep_cohort_k(connection: Connection, query: Query) -> None:
    """Compute it for the pages' question, and keep it only where it takes long enough to be worth being older."""
    started = monotonic()
    answer = fetch_cohort_k(connection, query, DAYS)
    connection.execute(delete(kept_cohort_k))
    if monotonic() - started > _LONG_SECONDS:
        values = {"computed_at": query.now, "answer": answer.model_dump(mode="json")}
        connection.execute(insert(kept_cohort_k).values(values))


def fetch_kept_cohort_k(connection: Connection, query: Query, days: int) -> CohortKAnswer:
    """What is kept, where the question is the same, else what is computed now."""
    kept = _fetch_kept(connection, query.now) if days == DAYS and not query.filter else None
    return kept if kept and _answers(kept, query) else fetch_cohort_k(connection, query, days)


def _fetch_kept(connection: Connection, now: datetime) -> CohortKAnswer | None:
    newest = select(kept_cohort_k.c.answer).where(kept_cohort_k.c.computed_at >= now - _KEPT_FOR)
    answer = connection.execute(newest).scalar()
    try:
        return CohortKAnswer.model_validate(answer) if answer else None
    except ValidationError:
        return None  # Of another release.


def _answers(kept: CohortKAnswer, query: Query) -> bool:
    period = kept.cohorts[0].week_start, kept.end
    return (*period, kept.thresholds) == (query.period.start, query.period.end, query.used(*THRESHOLDS))
