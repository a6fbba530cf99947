"""Traces across HTTP and queues, received by a collector; nothing is spent on them where there is none."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from redis import Redis
from sqlalchemy import Engine

from tests.support.api_server import connect
from tests.support.builders import build_event
from tests.support.observed_product import ObservedProduct
from tests.support.otlp_collector import Collector, collecting
from viral_cli.local.processes import Children
from viral_contract.models.people import Scope

pytestmark = pytest.mark.slow
_TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
_CLAIM = "POST /internal/report-runs/<int(max=9223372036854775807):run_id>/claim"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as started:
        yield started


@pytest.fixture
def product(
    servers: tuple[Children, Path], database_url: str, redis_url: str, empty_database: Engine, collector: Collector
) -> Iterator[ObservedProduct]:
    """The product with a collector."""
    Redis.from_url(redis_url).flushall()
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    with ExitStack() as stack:
        yield ObservedProduct(servers[0], stack, empty_database, environment)


@pytest.fixture
def http(product: ObservedProduct, empty_database: Engine) -> Iterator[httpx.Client]:
    with connect(product.api_url, empty_database, *Scope) as client:
        yield client


def test_one_trace_leads_from_a_request_through_the_queue_to_what_its_job_asked_for(
    product: ObservedProduct, http: httpx.Client, collector: Collector
) -> None:
    headers = {"traceparent": f"00-{_TRACE_ID}-b7ad6b7169203331-01"}
    assert http.post("/v1/reports", json={"report_type": "weekly"}, headers=headers).is_success
    product.start_worker("performance_reports")
    service = "worker performance_reports"
    product.wait_until(lambda: bool(collector.find(service, "generate_report")), "The job's span")
    product.wait_until(lambda: bool(collector.find("metrics_api", _CLAIM)), "The claim's span")
    [asked], [job] = collector.find("metrics_api", "POST /v1/reports"), collector.find(service, "generate_report")
    [claim] = collector.find("metrics_api", _CLAIM)
    assert {asked.trace_id, job.trace_id, claim.trace_id} == {_TRACE_ID}
    assert job.parent_id == asked.span_id
    calls = {span.span_id: span.parent_id for span in collector.spans if span.service == service}
    assert calls[claim.parent_id] == job.span_id


def test_spans_tell_no_address_of_a_child(product: ObservedProduct, http: httpx.Client, collector: Collector) -> None:
    event = build_event(ip_address="203.0.113.77", device_fingerprint="kid-device-7", user_id="kid-user-7")
    assert http.post("/v1/events", json={"events": [event]}).is_success
    email = "kid-parent@example.com"
    leaking = build_event(landing_page=f"https://x.com/?e={email}", user_id=email, metadata={email: email})
    assert http.post("/v1/events", json={"events": [leaking]}).is_success
    assert http.put(f"/v1/links/{email}", json={"referrer_id": email, "source": "s"}).is_success
    assert http.get(f"/v1/investigations/referrers/{email}", params={"days": 30}).status_code in (200, 404)
    assert http.get("/v1/investigations/ips/203.0.113.77", params={"days": 30}).status_code in (200, 404)
    assert http.get("/v1/investigations/devices/kid-device-7", params={"q": "kid-user-7"}).status_code
    product.wait_until(lambda: len(collector.spans) >= 3, "Three spans")
    assert not [body for body in collector.bodies if b"203.0.113.77" in body or b"kid-" in body]
    assert {name for span in collector.spans for name in span.attributes} <= {
        "http.method",
        "http.flavor",
        "http.route",
        "http.status_code",
    }


def test_without_a_collector_nothing_that_traces_is_imported() -> None:
    code = (
        "import sys\n"
        "from viral_runtime.settings.groups import TelemetrySettings\n"
        "from viral_runtime.observe.tracing import start_tracing, carry_request\n"
        "import metrics_api.cli\n"
        "start_tracing(TelemetrySettings(), service='test')\n"
        "carry_request()\n"
        "tracing = tuple(f'opentelemetry.{part}' for part in ('sdk.trace', 'exporter', 'instrumentation', 'proto'))\n"
        "print([name for name in sys.modules if name.startswith(tracing)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
