"""The product's processes as operators watch them: each serves its metrics, the web in several processes."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from tests.support.api_fixtures import IDENTIFIER_KEY, create_token
from tests.support.api_server import start_api
from tests.support.worker_processes import RealProcess, running
from viral_cli.local.ports import find_free_port
from viral_cli.local.processes import Children
from viral_contract.models.people import Scope

WEB_PROCESSES = 3
_SECONDS = 60
Sample = tuple[str, dict[str, str]]


@dataclass(frozen=True)
class Scrape:
    """What one `/metrics` said."""

    types: dict[str, str]
    samples: list[tuple[str, dict[str, str], float]]

    @property
    def names(self) -> set[str]:
        """The names of all samples, as rules and dashboards use them."""
        return {name for name, _, _ in self.samples}

    def sum(self, wanted: str, **labels: str) -> float:
        """The sum over the samples of this name that have these labels."""
        return sum(value for name, given, value in self.samples if name == wanted and labels.items() <= given.items())


def scrape(url: str) -> Scrape:
    """The metrics that are served at an address."""
    answer = httpx.get(f"{url}/metrics", trust_env=False, timeout=30)
    assert answer.status_code == 200, answer.text
    families = list(text_string_to_metric_families(answer.text))
    samples = [(sample.name, dict(sample.labels), sample.value) for family in families for sample in family.samples]
    return Scrape({family.name: family.type for family in families}, samples)


class ObservedProduct:
    """Starts processes with free ports for their metrics; all end with the stack."""

    def __init__(self, children: Children, stack: ExitStack, engine: Engine, environment: dict[str, str]) -> None:
        self._children = children
        self._stack = stack
        self._engine = engine
        self._environment = environment
        self.api_url = start_api(children, METRICS_API_PROCESSES=str(WEB_PROCESSES), **environment)
        self._workers = {
            "METRICS_API_URL": self.api_url,
            "REPORT_WORKER_TOKEN": create_token(engine, Scope.JOBS_REPORTS),
        }

    def start_worker(self, queue: str) -> str:
        """The address of a report worker's metrics."""
        port = str(find_free_port())
        self._run("report_worker", "work", queue, WORKER_METRICS_PORT=port, **self._workers)
        return self._when_up(port)

    def start_reconciler(self) -> str:
        """The address of a reconciler's metrics."""
        port = str(find_free_port())
        self._run("metrics_api", "reconciler", RECONCILER_METRICS_PORT=port, IDENTIFIER_KEY=IDENTIFIER_KEY)
        return self._when_up(port)

    def start_dashboard(self) -> str:
        """The address of a dashboard."""
        port = str(find_free_port())
        token = create_token(self._engine, Scope.SESSIONS_WRITE, Scope.METRICS_READ)
        given = {"DASHBOARD_PORT": port, "DASHBOARD_TOKEN": token, "METRICS_API_URL": self.api_url}
        self._run("dashboard", DASHBOARD_PROCESSES=str(WEB_PROCESSES), **given)
        return self._when_up(port)

    def find_web_processes(self) -> list[psutil.Process]:
        """The processes of the metrics API that answer requests."""
        port = self.api_url.rpartition(":")[2]
        family = {each.pid: each.ppid() for each in _list_processes(port)}
        return [psutil.Process(pid) for pid, parent in family.items() if parent in family]

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        """Return once it is so."""
        self._children.wait_until(is_so, what, seconds=_SECONDS)

    def _run(self, *arguments: str, **settings: str) -> RealProcess:
        return self._stack.enter_context(running(*arguments, **{**self._environment, **settings}))

    def _when_up(self, port: str) -> str:
        url = f"http://127.0.0.1:{port}"
        self.wait_until(lambda: _serves(url), url)
        return url


def _list_processes(port: str) -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if process.environ().get("METRICS_API_PORT") == port:
                found.append(process)
    return found


def _serves(url: str) -> bool:
    try:
        return httpx.get(f"{url}/metrics", trust_env=False).is_success
    except httpx.TransportError:
        return False
