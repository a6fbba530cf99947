"""Cohort K of large installations is kept for some minutes for the question that pages ask."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert, text

from metrics_api.access.identifiers import References
from metrics_api.db.tables import kept_cohort_k
from metrics_api.detection.query import Filter, Query, build_masked_query
from metrics_api.growth.cohort_k import fetch_cohort_k
from metrics_api.growth.cohorts import weeks_until
from metrics_api.growth.kept_cohort_k import DAYS, WEEKS, fetch_kept_cohort_k, keep_cohort_k
from metrics_api.settings.detection import DetectionSettings
from tests.support.builders import NOON

SETTINGS = DetectionSettings(_env_file=None)
QUERY = build_masked_query(weeks_until(NOON.date(), WEEKS), SETTINGS, References("a key"), now=NOON)


@pytest.fixture
def kept(connection: Connection) -> Connection:
    """Where an answer is kept that is known by its first cohort."""
    answer = fetch_cohort_k(connection, QUERY, DAYS)
    answer.cohorts[0].users = 5
    values = {"computed_at": NOON, "answer": answer.model_dump(mode="json")}
    connection.execute(insert(kept_cohort_k).values(values))
    return connection


def count_first(connection: Connection, query: Query, days: int = DAYS) -> int:
    return fetch_kept_cohort_k(connection, query, days).cohorts[0].users


@pytest.mark.parametrize("minutes", [0, 10])
def test_the_question_of_pages_is_answered_by_what_is_kept(kept: Connection, minutes: int) -> None:
    query = replace(QUERY, now=NOON + timedelta(minutes=minutes))
    assert count_first(kept, query) == 5
    assert fetch_kept_cohort_k(kept, query, DAYS).computed_at == NOON


@pytest.mark.parametrize(
    "other",
    [
        {"now": NOON + timedelta(minutes=11)},
        {"filter": Filter(source="buddy_challenge")},
        {"settings": SETTINGS.model_copy(update={"fraud_ip_click_threshold": 77})},
        {"period": weeks_until(NOON.date() - timedelta(days=1), WEEKS)},
        {"period": weeks_until(NOON.date(), WEEKS - 1)},
    ],
)
def test_any_other_question_is_computed(kept: Connection, other: dict[str, object]) -> None:
    assert count_first(kept, replace(QUERY, **other)) == 0  # type: ignore[arg-type]


def test_other_days_are_computed(kept: Connection) -> None:
    assert count_first(kept, QUERY, days=7) == 0


def test_an_answer_of_another_release_is_not_shown(kept: Connection) -> None:
    kept.execute(text("UPDATE kept_cohort_k SET answer = answer - 'cohorts'"))
    assert count_first(kept, QUERY) == 0


def test_what_is_computed_at_once_is_not_kept(kept: Connection) -> None:
    keep_cohort_k(kept, QUERY)
    assert count_first(kept, QUERY) == 0
