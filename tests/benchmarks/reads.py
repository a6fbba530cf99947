"""Every read of guardrails, growth, cases, investigations and search: `python -m tests.benchmarks reads`.

The API runs as in production, with a process a core, and answers each request by itself. One client, and then four at
once, ask each read several times in turns, so that other work on the machine slows all alike. Beside it, DuckDB and
ClickHouse answer some of the questions from the same events.

BENCH_SIZES names numbers of events (1000000,5000000), BENCH_SECONDS how long the reads of each are measured, and
BENCH_DATA a folder whose folders by number of events (`1000000/postgres`) are copied if they exist and added if not.
"""

import http.client
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from threading import Thread
from typing import Any
from urllib.parse import urlencode, urlsplit

from sqlalchemy import Engine, text

from metrics_api.alerts.evaluate import evaluate_guardrails, evaluate_referrers
from metrics_api.db.database import create_database_engine
from tests.benchmarks.columnar import Engine as Columnar
from tests.benchmarks.columnar import export, start_engines
from tests.benchmarks.event_folders import SERVER_SETTINGS, prepare, start_postgres
from tests.benchmarks.questions import QUESTIONS, Question, list_values, same
from tests.benchmarks.read_paths import Ask, list_paths
from tests.benchmarks.results import describe_machine
from tests.support.api_fixtures import build_context, create_token
from tests.support.api_server import start_api
from viral_cli.local.ports import find_free_port
from viral_cli.local.servers import EmbeddedValkey
from viral_contract.models.people import Scope

DAYS = 7
CLIENTS = (1, 4)
_SIZES = "1000000,5000000"
_SECONDS = "150"
_ASKED_AT_ONCE = 5
_COMPARED = 7
_NEWEST = text("SELECT max(occurred_at) FROM attribution_events")
_SIZES_STORED = text("""
    SELECT (SELECT count(*) FROM attribution_events) AS events, (SELECT count(*) FROM attribution_links) AS links,
        (SELECT count(*) FROM cases) AS cases, pg_database_size(current_database()) AS bytes,
        current_setting('server_version') AS postgresql
""")


@dataclass(frozen=True)
class Api:
    """The address of a real API, with the token of somebody who may read everything."""

    address: str
    token: str

    def connect(self) -> "Client":
        """A client with a connection of its own."""
        return Client(http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=300), self.token)

    def get(self, path: str) -> tuple[bytes, float]:
        """What a client gets that asks once."""
        return self.connect().get(path)


@dataclass(frozen=True)
class Client:
    """One open connection."""

    connection: http.client.HTTPConnection
    token: str

    def connect_again(self) -> None:
        """Replace the connection, which the server closes when it is not used for some time."""
        self.connection.close()
        self.connection.connect()

    def get(self, path: str) -> tuple[bytes, float]:
        """The answer, which must be 200, and how many milliseconds it took."""
        began = time.perf_counter()
        self.connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        response = self.connection.getresponse()
        body = response.read()
        milliseconds = 1000 * (time.perf_counter() - began)
        assert response.status == 200, (path, response.status, body[:500])
        return body, milliseconds


@dataclass
class Taken:
    """Milliseconds of each read, by how many clients asked at once."""

    by_clients: dict[int, dict[str, list[float]]] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        """P50, P95 and P99 of each read."""
        return {
            name: {str(clients): _describe(taken[name]) for clients, taken in self.by_clients.items()}
            for name in self.by_clients[1]
        }


def _describe(milliseconds: Sequence[float]) -> dict[str, float]:
    cuts = quantiles(milliseconds, n=100)
    return {"requests": len(milliseconds), **{f"p{each}": round(cuts[each - 1], 2) for each in (50, 95, 99)}}


def measure_reads(api: Api, paths: Mapping[str, str], seconds: float) -> Taken:
    """Ask every read in turns, by one client and by four, for so many seconds."""
    taken = Taken({clients: {name: [] for name in paths} for clients in CLIENTS})
    connected = [api.connect() for _ in range(max(CLIENTS))]
    for path in paths.values():
        _ask_at_once(connected, path, 1)
    ends = time.monotonic() + seconds
    rounds = 0
    while rounds < 2 or time.monotonic() < ends:
        for clients in CLIENTS:
            for name, path in paths.items():
                taken.by_clients[clients][name] += _ask_at_once(connected[:clients], path, _ASKED_AT_ONCE)
        rounds += 1
    return taken


def _ask_at_once(clients: Sequence[Client], path: str, times: int) -> list[float]:
    milliseconds: list[float] = []

    def ask(client: Client) -> None:
        client.connect_again()
        milliseconds.extend(client.get(path)[1] for _ in range(times))

    threads = [Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(milliseconds) == len(clients) * times, path
    return milliseconds


def compare(
    ask: Ask, engines: Sequence[Columnar], period: tuple[date, date], measure: Any
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The medians of each question, asked of all in turns, whose answers must agree."""
    values = list_values(*period, datetime.now(UTC).date())
    for question in QUESTIONS:
        path = join_query(question, *period)
        check(question, ask(join_query(question, *period, question.checked_by)), engines, values)
        taken: dict[str, list[float]] = {"product": [], **{engine.name: [] for engine in engines}}
        for _ in range(_COMPARED):
            taken["product"] += measure(path)
            for engine in engines:
                statements = question.list_statements(engine.name, values)
                taken[engine.name].append(sum(engine.ask(each)[1] for each in statements))
        yield question.name, {name: round(median(each), 2) for name, each in taken.items()}


def join_query(question: Question, start: date, end: date, more: str = "") -> str:
    """The path of the read with its period, where it has one, and `more`."""
    period = "" if question.path.endswith("cohorts") else urlencode({"start": start, "end": end})
    return f"{question.path}?{'&'.join(part for part in (period, more) if part)}"


def check(
    question: Question, answer: Mapping[str, Any], engines: Sequence[Columnar], values: Mapping[str, object]
) -> None:
    """The read and all engines must count the same."""
    ours = question.from_answer(answer)
    for engine in engines:
        rows = [engine.ask(each)[0] for each in question.list_statements(engine.name, values)]
        theirs = question.from_rows(*rows)
        assert same(ours, theirs), (question.name, engine.name, ours, theirs)


def find_period(engine: Engine) -> tuple[date, date]:
    """The last dates with events."""
    with engine.connect() as connection:
        last: date = connection.execute(_NEWEST).scalar_one().date()
    return last - timedelta(days=DAYS - 1), last


def measure_size(work: Path, seconds: float) -> dict[str, Any]:
    """What is measured of the data in a folder."""
    with ExitStack() as stack:
        children, url = stack.enter_context(start_postgres(work))
        engine = create_database_engine(url, pool_size=2, statement_timeout=False)
        stack.callback(engine.dispose)
        valkey = EmbeddedValkey(work / "valkey", "password", find_free_port())
        valkey.start(children)
        servers = {"database_url": url, "redis_url": valkey.url}
        open_cases(servers, engine)
        given = {name.upper(): value for name, value in servers.items()}
        address = start_api(children, **given, METRICS_API_PROCESSES="0", RATE_LIMIT_REQUESTS_PER_MINUTE="0")
        api, period = Api(address, create_token(engine, *Scope)), find_period(engine)
        client = api.connect()
        ask = Ask(api.get)
        paths = list_paths(ask, *period)
        before = os.getloadavg()[0]
        reads = measure_reads(api, paths, seconds).describe()
        parquet = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=work)))
        with engine.connect() as connection:
            export(connection, parquet)
            stored = dict(connection.execute(_SIZES_STORED).one()._mapping)
        engines = start_engines(stack, parquet)
        compared = dict(compare(ask, engines, period, lambda path: _ask_at_once([client], path, _ASKED_AT_ONCE)))
        versions = {engine.name: engine.version for engine in engines}
        load = [round(each, 1) for each in (before, os.getloadavg()[0])]
        return {**stored, "load": load, "versions": versions, "reads": reads, "compared": compared}


def open_cases(servers: Mapping[str, str], engine: Engine) -> None:
    """Evaluate as the reconciler does, so that there are cases and alerts to read."""
    with engine.connect() as connection:
        now = connection.execute(_NEWEST).scalar_one()
    context = build_context(**servers)
    evaluate_guardrails(context, now=now)
    evaluate_referrers(context, now=now)
    context.database.close()


def run() -> dict[str, Any]:
    """What was measured with each number of events."""
    sizes = sorted(int(each) for each in os.environ.get("BENCH_SIZES", _SIZES).split(","))
    seconds = float(os.environ.get("BENCH_SECONDS", _SECONDS))
    kept = Path(os.environ["BENCH_DATA"]) if "BENCH_DATA" in os.environ else None
    with tempfile.TemporaryDirectory(prefix="viral-engine-", dir=kept) as folder:
        work, measured = Path(folder) / "data", {}
        for size in sizes:
            began = time.monotonic()
            prepare(work, size, kept)
            filled = round(time.monotonic() - began)
            measured[str(size)] = {"prepared_in_seconds": filled, **measure_size(work, seconds)}
    return {**describe_machine(), "server_settings": SERVER_SETTINGS, "sizes": measured}
