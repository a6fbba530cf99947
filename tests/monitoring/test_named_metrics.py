"""Every metric that rules and dashboards name is served by the running product."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from redis import Redis
from sqlalchemy import Engine

from tests.monitoring.operations_files import find_increases, find_metrics
from tests.support.api_server import connect
from tests.support.builders import build_event
from tests.support.observed_product import ObservedProduct, scrape
from viral_cli.local.processes import Children
from viral_contract.models.people import Scope

pytestmark = pytest.mark.slow


@pytest.fixture
def product(
    servers: tuple[Children, Path], database_url: str, redis_url: str, empty_database: Engine
) -> Iterator[ObservedProduct]:
    """The product on an empty database and empty queues."""
    Redis.from_url(redis_url).flushall()
    environment = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "RECONCILE_SECONDS": "0.3"}
    with ExitStack() as stack:
        yield ObservedProduct(servers[0], stack, empty_database, environment)


def test_every_metric_of_rules_and_dashboards_exists_in_a_scrape(
    product: ObservedProduct, empty_database: Engine
) -> None:
    worker, reconciler, dashboard = (
        product.start_worker("performance_reports"),
        product.start_reconciler(),
        product.start_dashboard(),
    )
    with connect(product.api_url, empty_database, *Scope) as http:
        assert http.post("/v1/events", json={"events": [build_event()]}).is_success
        assert http.post("/v1/guardrails/evaluations").is_success
        report = http.post("/v1/reports", json={"report_type": "weekly"}).json()["id"]
        product.wait_until(lambda: http.get(f"/v1/reports/{report}").json()["status"] == "ready", "The report")
    httpx.get(f"{dashboard}/login", trust_env=False)
    product.wait_until(lambda: "viral_engine_queue_work" in scrape(reconciler).names, "The queues' figures")
    product.wait_until(lambda: scrape(worker).sum("viral_engine_jobs_total") == 1, "The job's count")
    served = [scrape(url) for url in (product.api_url, worker, reconciler, dashboard)]
    names = set().union(*(each.names for each in served))
    assert find_metrics() - names == set()


def test_what_alerts_see_grow_is_there_before_it_grows(product: ObservedProduct) -> None:
    """A counter that begins to exist with its first event shows no increase by it."""
    served = [scrape(url) for url in (product.api_url, product.start_worker("batch"), product.start_reconciler())]
    samples = [(name, labels) for each in served for name, labels, _ in each.samples]
    wanted = list(find_increases())
    assert len(wanted) >= 5
    for counter, labels in wanted:
        assert any(name == counter and labels.items() <= given.items() for name, given in samples), (counter, labels)
