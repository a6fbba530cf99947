"""Metrics of services that consist of several processes: the same whichever process is asked."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import pytest
from redis import Redis
from sqlalchemy import Engine

from tests.support.api_server import THREADS, connect
from tests.support.builders import build_event
from tests.support.observed_product import WEB_PROCESSES, ObservedProduct, scrape
from viral_cli.local.processes import Children
from viral_contract.models.people import Scope

pytestmark = pytest.mark.slow
_LOOKS = 12
_MEMORY = Path("/dev/shm")  # noqa: S108 - where the product keeps them.


@pytest.fixture
def product(
    servers: tuple[Children, Path], database_url: str, redis_url: str, empty_database: Engine
) -> Iterator[ObservedProduct]:
    """A web of several processes, on an empty database and empty queues."""
    Redis.from_url(redis_url).flushall()
    environment = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "RECONCILE_SECONDS": "0.3"}
    with ExitStack() as stack:
        yield ObservedProduct(servers[0], stack, empty_database, environment)


@pytest.fixture
def http(product: ObservedProduct, empty_database: Engine) -> Iterator[httpx.Client]:
    with connect(product.api_url, empty_database, *Scope) as client:
        yield client


def read_total(product: ObservedProduct, name: str, **labels: str) -> float:
    """The figure, which must be the same however often, and hence by whichever process, it is asked for."""
    [total] = {scrape(product.api_url).sum(name, **labels) for _ in range(_LOOKS)}
    return total


def test_web_processes_answer_for_each_other_and_for_those_that_are_gone(
    product: ObservedProduct, http: httpx.Client
) -> None:
    for _ in range(20):
        # Without keeping the connection, so that any process may answer.
        answer = http.post("/v1/events", json={"events": [build_event()]}, headers={"Connection": "close"})
        assert answer.status_code == 202
    ingested = {"name": "viral_engine_ingested_events_total", "outcome": "accepted"}
    assert read_total(product, **ingested) == 20
    assert read_total(product, "viral_engine_database_pool_size") == WEB_PROCESSES * THREADS
    first = product.find_web_processes()
    assert len(first) == WEB_PROCESSES
    first[0].kill()
    product.wait_until(lambda: len(set(product.find_web_processes()) - set(first)) == 1, "A new web process")
    product.wait_until(
        lambda: scrape(product.api_url).sum("viral_engine_database_pool_size") == WEB_PROCESSES * THREADS,
        "The new process's pool",
    )
    assert read_total(product, **ingested) == 20
    assert read_total(product, "viral_engine_database_transactions") == 0


def test_processes_of_the_dashboard_answer_for_each_other(product: ObservedProduct) -> None:
    url = product.start_dashboard()
    asked = {"url_rule": "/login", "status": "200"}
    for _ in range(20):
        assert httpx.get(f"{url}/login", trust_env=False, headers={"Connection": "close"}).is_success
    [total] = {scrape(url).sum("flask_http_request_duration_seconds_count", **asked) for _ in range(_LOOKS)}
    assert total == 20


def test_what_jobs_count_reaches_the_metrics_of_the_worker_that_forked_them(
    product: ObservedProduct, http: httpx.Client
) -> None:
    before = set(_MEMORY.glob("viral-engine-metrics-*"))
    url = product.start_worker("performance_reports")
    [folder] = set(_MEMORY.glob("viral-engine-metrics-*")) - before
    labels = {"queue": "performance_reports", "job": "generate_report", "outcome": "done"}
    for number in range(1, 5):
        day = f"2026-01-{number:02}"
        body = {"report_type": "custom", "period_start": day, "period_end": day}
        assert http.post("/v1/reports", json=body).is_success
        product.wait_until(partial(_counts, url, number, **labels), "The job's count")
    assert scrape(url).sum("viral_engine_job_seconds_count", queue="performance_reports") == 4
    # However many jobs there were: one file for the worker and one for its children, of each kind of metric.
    assert {path.name.rpartition("_")[2] for path in folder.iterdir()} == {"worker.db", "job.db"}


def _counts(url: str, number: int, **labels: str) -> bool:
    return scrape(url).sum("viral_engine_jobs_total", **labels) == number
