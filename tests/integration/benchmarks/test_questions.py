"""The benchmark of reads on a few events: its statements run, and count what the product counts."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine

from metrics_api.alerts.evaluate import evaluate_guardrails
from metrics_api.context import Context
from tests.benchmarks import dataset
from tests.benchmarks.columnar import DuckDb, export
from tests.benchmarks.questions import QUESTIONS, list_values
from tests.benchmarks.read_paths import Ask, list_paths
from tests.benchmarks.reads import check, find_period, join_query
from tests.support.api_fixtures import Api
from tests.support.builders import build_clicks

PARAMETER = re.compile(r"<(?:[^:>]+:)?(\w+)>")
MEASURED = ("/v1/guardrails", "/v1/growth", "/v1/cases", "/v1/investigations", "/v1/search")


@pytest.fixture
def busy_week(api: Api, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Api:
    """2,000 events of a week, and one device that clicks too fast."""
    now = datetime.now(UTC)
    monkeypatch.setattr(dataset, "LINKS", 400)
    monkeypatch.setattr(dataset, "REFERRERS", 100)
    dataset.store_links(database_url, now=now)
    for stored in (0, 1_000):
        dataset.store_events(database_url, stored + 1_000, now=now, stored=stored)
    api.post_events(
        *build_clicks(
            40,
            at=now - timedelta(hours=1),
            ip_address="203.0.113.7",
            device_fingerprint="device-of-a-bot",
            link_id="link-1",
        )
    )
    return api


@pytest.fixture
def duckdb(busy_week: Api, empty_database: Engine, tmp_path: Path) -> Iterator[DuckDb]:  # noqa: ARG001 - filled before.
    """DuckDB with the same events."""
    with ExitStack() as stack, empty_database.connect() as connection:
        export(connection, tmp_path)
        yield DuckDb(stack, tmp_path)


def test_answers_equal_those_of_duckdb(busy_week: Api, empty_database: Engine, duckdb: DuckDb) -> None:
    start, end = find_period(empty_database)
    values = list_values(start, end, datetime.now(UTC).date())
    for question in QUESTIONS:
        answer = busy_week.send("GET", join_query(question, start, end, question.checked_by)).get_json()
        assert question.from_answer(answer), question.name
        check(question, answer, [duckdb], values)


def test_every_read_is_measured(busy_week: Api, app: Flask, context: Context, empty_database: Engine) -> None:
    evaluate_guardrails(context, now=datetime.now(UTC))
    paths = list_paths(Ask(lambda path: (busy_week.send("GET", path).data, 0)), *find_period(empty_database))
    for path in paths.values():
        assert busy_week.send("GET", path).status_code == 200, path
    rules = {PARAMETER.sub(r"{\1}", rule.rule) for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert {rule for rule in rules if rule.startswith(MEASURED)} <= paths.keys()
