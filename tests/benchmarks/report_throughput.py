"""How long 100 different reports take with 5 workers, and with 1: `python -m tests.benchmarks.report_throughput`.

Everything is real and of its own: PostgreSQL, Valkey, the API, worker processes; the data is the demo's
month. The clock runs from the first request until the last report is ready.
"""

import io
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from metrics_api.access.bootstrap import bootstrap
from metrics_api.db.database import Database, create_database_engine
from metrics_api.db.migrate import upgrade
from metrics_api.settings.api import BootstrapSettings
from tests.support.api_server import start_api
from tests.support.worker_processes import running
from viral_cli.local.demo import load_demo
from viral_cli.local.leftovers import ProcessRecord
from viral_cli.local.merged_log import MergedLog
from viral_cli.local.ports import find_free_port
from viral_cli.local.processes import Children
from viral_cli.local.servers import EmbeddedPostgres, EmbeddedValkey
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.reports import ReportRequest

REPORTS = 100
WORKERS = 5
GOAL_SECONDS = 20
_TOKEN = "a token of the benchmark, of enough length"
_FIRST_LENGTH, _LENGTHS = 7, 10


def main() -> None:
    """Measure and print; fail when the goal is missed."""
    seconds = measure_all()
    print(format_results(seconds))
    if seconds[WORKERS] > GOAL_SECONDS:
        raise SystemExit(f"{WORKERS} workers took more than {GOAL_SECONDS} s.")


def run() -> str:
    """The measurement as markdown."""
    return format_results(measure_all())


def measure_all() -> dict[int, float]:
    """Seconds that the reports took, by the number of workers."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="viral-engine-")))
        log, record = MergedLog(io.StringIO()), ProcessRecord(folder / "processes.json")
        children = stack.enter_context(Children(log, record))
        environment = start_stores(children, folder)
        environment["METRICS_API_URL"] = start_api(children, **environment)
        api = MetricsApi.connect(environment["METRICS_API_URL"], _TOKEN, timeout_seconds=120)
        load_demo(api, now=datetime.now(UTC), report=lambda _: None)
        return {count: measure(api, environment, count) for count in (1, WORKERS)}


def format_results(seconds: dict[int, float]) -> str:
    """The results as a markdown table."""
    rows = [
        f"| {count} | {taken:.1f} | {taken / REPORTS * 1000:.0f} | {seconds[1] / taken:.1f} |"
        for count, taken in seconds.items()
    ]
    return "\n".join(["| workers | seconds | ms per report | speedup |", "|--:|--:|--:|--:|", *rows])


def start_stores(children: Children, folder: Path) -> dict[str, str]:
    """A migrated database and a queue, with one token for everything; what processes need to reach them."""
    postgres = EmbeddedPostgres(folder / "postgres", "password", find_free_port())
    valkey = EmbeddedValkey(folder / "valkey", "password", find_free_port())
    postgres.start(children)
    valkey.start(children)
    upgrade(postgres.url)
    given = {"admin_email": "a@example.com", "admin_password": _TOKEN, "dashboard_token": _TOKEN}
    with Database(create_database_engine(postgres.url, pool_size=1)).write() as connection:
        settings = BootstrapSettings(
            **given, report_worker_token=_TOKEN[::-1], email_worker_token=_TOKEN[1:] + "x", api_token=_TOKEN
        )
        bootstrap(connection, settings, restore_admin=False, now=datetime.now(UTC), say=lambda _: None)
        connection.execute(text("ANALYZE"))
    stores = {"DATABASE_URL": postgres.url, "REDIS_URL": valkey.url}
    return {**stores, "REPORT_WORKER_TOKEN": _TOKEN[::-1], "LOG_LEVEL": "WARNING"}


def measure(api: MetricsApi, environment: dict[str, str], workers: int) -> float:
    """Seconds from the first request to the last report."""
    with ExitStack() as stack:
        for _ in range(workers):
            stack.enter_context(running("report_worker", "work", "performance_reports", **environment))
        for request in list_periods(workers):
            wait_for(api, [api.request_report(request).id])
        began = time.monotonic()
        wait_for(api, [api.request_report(request).id for request in list_periods(REPORTS, days_ago=1 + 2 * workers)])
        return time.monotonic() - began


def list_periods(count: int, days_ago: int = 0) -> Iterator[ReportRequest]:
    """Requests for periods of 7 to 16 days, no two of them alike; 100 of them end on 10 days."""
    today = datetime.now(UTC).date()
    for number in range(count):
        end = today - timedelta(days=days_ago + number // _LENGTHS)
        start = end - timedelta(days=_FIRST_LENGTH - 1 + number % _LENGTHS)
        yield ReportRequest(report_type="custom", period_start=start, period_end=end)


def wait_for(api: MetricsApi, report_ids: list[int]) -> None:
    """Wait until all are ready."""
    missing = set(report_ids)
    while missing:
        reports = api.fetch_reports(limit=1000).reports
        missing -= {report.id for report in reports if report.status == "ready"}
        failed = [report for report in reports if report.status == "failed"]
        if failed:
            raise SystemExit(f"Report {failed[0].id} failed: {failed[0].last_error}")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
