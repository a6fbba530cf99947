"""How long an email takes beside many waiting reports: `python -m tests.benchmarks.email_delay`.

Everything is real and of its own: PostgreSQL, Valkey, the API, the reconciler, workers, a mail server.
The time is from the request of an email to the mail server's answer, as the delivery keeps it.
"""

import io
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import quantiles

from sqlalchemy import Connection, text

from metrics_api.db.database import create_database_engine
from tests.benchmarks.report_throughput import start_stores
from tests.support.api_fixtures import IDENTIFIER_KEY
from tests.support.api_server import connect, start_api
from tests.support.mail_server import mail_server
from tests.support.mailing import Mailing, email_workers, write_flags
from tests.support.worker_processes import running
from viral_cli.local.leftovers import ProcessRecord
from viral_cli.local.merged_log import MergedLog
from viral_cli.local.processes import Children
from viral_contract.models.people import Scope

WAITING_REPORTS = 1000
EMAILS = 50
WORKERS = 2
_ASK_REPORTS = text("""
    INSERT INTO report_runs (report_type, period_start, period_end, requested_by, status, max_attempts,
        next_attempt_at, created_at)
    SELECT 'custom', day::date, day::date, 'benchmark', 'queued', 3, now(), now()
    FROM generate_series(now() - make_interval(days => :count), now() - interval '1 day', '1 day') AS day
""")
_COUNT_READY = text("SELECT count(*) FROM report_runs WHERE status = 'ready' AND requested_by = 'benchmark'")
_SECONDS_TAKEN = text("SELECT extract(epoch FROM sent_at - created_at)::float FROM deliveries WHERE id > :last")
_LAST = text("SELECT coalesce(max(id), 0) FROM deliveries")


def main() -> None:
    """Measure and print."""
    print(run())


def run() -> str:
    """The measurement as a markdown table."""
    rows = []
    with stack() as (mailing, connection):
        for waiting in (0, WAITING_REPORTS):
            if waiting:
                connection.execute(_ASK_REPORTS, {"count": waiting})
                mailing.wait_until(lambda: connection.execute(_COUNT_READY).scalar_one() >= WORKERS, "The first report")
            taken = measure(mailing, connection)
            left = waiting - connection.execute(_COUNT_READY).scalar_one()
            rows.append(f"| {waiting} | {left} | {taken[9]:.2f} | {taken[18]:.2f} | {taken[-1]:.2f} |")
    head = ["| pending reports | still pending after | p50 s | p95 s | max s |", "|--:|--:|--:|--:|--:|"]
    return "\n".join([*head, *rows])


def measure(mailing: Mailing, connection: Connection) -> list[float]:
    """The twentieths of the seconds that emails took, asked for one after the other, and the longest."""
    last = connection.execute(_LAST).scalar_one()
    for _ in range(EMAILS):
        mailing.wait_for(mailing.ask_one(), "sent")
    taken = list(connection.execute(_SECONDS_TAKEN, {"last": last}).scalars())
    return [*quantiles(taken, n=20), max(taken)]


@contextmanager
def stack() -> Iterator[tuple[Mailing, Connection]]:
    """A product of its own, and its database."""
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="viral-engine-")))
        log, record = MergedLog(io.StringIO()), ProcessRecord(folder / "processes.json")
        children = opened.enter_context(Children(log, record))
        own = {"FLAGS_FILE": str(write_flags(folder)), "IDENTIFIER_KEY": IDENTIFIER_KEY, "SMTP_SECURITY": "none"}
        environment = start_stores(children, folder) | own
        environment["METRICS_API_URL"] = url = start_api(children, **environment)
        engine = create_database_engine(environment["DATABASE_URL"], pool_size=2)
        opened.callback(engine.dispose)
        mail = opened.enter_context(mail_server())
        opened.enter_context(running("metrics_api", "reconciler", **environment))
        for _ in range(WORKERS):
            opened.enter_context(running("report_worker", "work", "performance_reports", **environment))
        opened.enter_context(email_workers(environment, mail, WORKERS))
        connection = opened.enter_context(engine.connect().execution_options(isolation_level="AUTOCOMMIT"))
        http = opened.enter_context(connect(url, engine, *Scope))
        mailing = Mailing(http, connection, children)
        mailing.wait_for(mailing.ask_one(), "sent")
        yield mailing, connection


if __name__ == "__main__":
    main()
