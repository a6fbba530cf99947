"""The local stack: the steps from an empty folder to a page in the browser, until it is stopped."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click
import httpx

from dashboard.settings import DashboardSettings
from metrics_api.settings.api import ApiSettings
from viral_cli.local.demo import load_demo
from viral_cli.local.environment import PLACEHOLDERS, Servers, build_environment
from viral_cli.local.errors import StackError
from viral_cli.local.leftovers import ProcessRecord, only_stack_in
from viral_cli.local.merged_log import MergedLog
from viral_cli.local.ports import check_ports_free
from viral_cli.local.processes import Children, watch
from viral_cli.local.services import HISTORY, PREPARATION, SERVICES_WITH_DATABASE, SERVICES_WITHOUT_DATABASE, WORKERS
from viral_cli.local.settings import list_groups
from viral_cli.local_env import published
from viral_cli.settings import StandaloneSettings
from viral_contract.client.metrics_api import MetricsApi
from viral_runtime.settings.base import load_settings_or_exit

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """The stack was asked to stop."""


_DAYS_LOOKED_AT = 366


@contextmanager
def stop_signals_raise() -> Iterator[None]:
    """Raise StopRequested in the block at the first signal; further signals do not disturb the shutdown."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise StopRequested

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        if number is not signal.SIGHUP or before[number] is not signal.SIG_IGN:  # Ignored under nohup.
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run() -> None:
    """Start everything, and return why it ended. Raises click.ClickException on errors."""
    log = MergedLog(sys.stdout)
    try:
        with stop_signals_raise():
            run_stack(log)
    except StopRequested:
        log.write("Stopped.")
    except StackError as error:
        raise click.ClickException(str(error)) from error
    except PermissionError as error:
        raise click.ClickException(f"{error}. Does another user own the folder?") from error
    finally:
        log.close()


def load_demo_when_empty(api: MetricsApi, unfinished: Path, *, now: datetime, report: Callable[[str], None]) -> bool:
    """Load the demo data if there are no events yet, or if a load was interrupted; says whether it did.

    `unfinished` stores the time of a started load: the same time gives the same ids, so resuming adds only what is
    missing.
    """
    if unfinished.exists():
        now = datetime.fromisoformat(unfinished.read_text())
    elif api.fetch_health(days=_DAYS_LOOKED_AT).has_data:
        return False
    unfinished.write_text(now.isoformat())
    load_demo(api, now=now, report=report)
    api.evaluate_now()  # Otherwise the first page would show no alerts for up to a minute.
    unfinished.unlink()
    return True


_READY_SECONDS = 60
_DEMO_TIMEOUT_SECONDS = 120


def run_stack(log: MergedLog) -> NoReturn:
    """Start everything in this order and keep it running; on exit, stop it in reverse order.

    Raises StackError if it cannot start or a process ends unexpectedly.
    """
    given = dict(os.environ)
    settings = check_settings(given)
    var = settings.var_dir.resolve()
    var.mkdir(parents=True, exist_ok=True)
    record = ProcessRecord(var / "processes.json")
    with only_stack_in(var):
        (var / "local.env").unlink(missing_ok=True)
        servers = set_environment(given, settings, var)
        record.stop_leftovers()
        check_ports()
        with Children(log, record) as stores, Children(log, record) as services:
            start_stores(servers, stores, log)
            start_services(services, log)
            if settings.demo:
                fill_with_demo_data(var, services, log)
            with published(var / "local.env", os.environ):
                log.write(format_welcome(os.environ))
                watch(stores, services)


def check_settings(given: Mapping[str, str]) -> StandaloneSettings:
    """Validate every given setting before anything is written or started.

    Placeholders replace what this stack generates itself, so that it causes no errors.
    """
    os.environ.update({name: given.get(name) or value for name, value in PLACEHOLDERS.items()})
    standalone: StandaloneSettings = load_settings_or_exit(StandaloneSettings, *list_groups())[0]
    return standalone


def set_environment(given: Mapping[str, str], settings: StandaloneSettings, var: Path) -> Servers:
    """Complete this process's environment, which every process of the stack inherits."""
    added, servers = build_environment(given, settings, var)
    os.environ.update(added)
    api, dashboard = load_settings_or_exit(ApiSettings, DashboardSettings)
    os.environ["METRICS_API_URL"] = f"http://127.0.0.1:{api.metrics_api_port}"
    os.environ["DASHBOARD_URL"] = f"http://127.0.0.1:{dashboard.dashboard_port}"
    os.environ["PUBLIC_DASHBOARD_URL"] = given.get("PUBLIC_DASHBOARD_URL") or os.environ["DASHBOARD_URL"]
    return servers


def check_ports() -> None:
    """Raise StackError if a chosen or default port is taken."""
    api, dashboard = load_settings_or_exit(ApiSettings, DashboardSettings)
    check_ports_free({"METRICS_API_PORT": api.metrics_api_port, "DASHBOARD_PORT": dashboard.dashboard_port})


def start_stores(servers: Servers, stores: Children, log: MergedLog) -> None:
    """Start the embedded servers that the environment does not replace."""
    if servers.postgres:
        log.write("Starting PostgreSQL")
        servers.postgres.start(stores)
    if servers.valkey:
        log.write("Starting Valkey")
        servers.valkey.start(stores)


def start_services(services: Children, log: MergedLog) -> None:
    """Migrate, create the first admin and the tokens, start every service and wait until all are ready."""
    for program in SERVICES_WITHOUT_DATABASE:
        log.write(f"Starting {program.name}")
        services.start(program)
    log.write("Preparing the database")
    services.run(PREPARATION)
    for program in SERVICES_WITH_DATABASE:
        log.write(f"Starting {program.name}")
        services.start(program)
    with httpx.Client(trust_env=False, timeout=5) as http:
        for what, url in (
            ("The metrics API", f"{os.environ['METRICS_API_URL']}/readyz"),
            ("The dashboard", f"{os.environ['DASHBOARD_URL']}/healthz"),
        ):
            services.wait_until(partial(_answers, http, url), what, seconds=_READY_SECONDS)
    for program in WORKERS:
        log.write(f"Starting {program.name}")
        services.start(program)


def fill_with_demo_data(var: Path, services: Children, log: MergedLog) -> None:
    """Fill an empty stack with demo data, and the score history with its dates."""
    api = MetricsApi.connect(
        os.environ["METRICS_API_URL"], os.environ["API_TOKEN"], timeout_seconds=_DEMO_TIMEOUT_SECONDS
    )
    if load_demo_when_empty(api, var / "demo-unfinished", now=datetime.now(UTC), report=log.write):
        services.run(HISTORY)


def format_welcome(environment: Mapping[str, str]) -> str:
    """The message with the URL and login."""
    return "\n".join(
        [
            "",
            "  Viral Guardrails is ready.",
            "",
            f"    Dashboard  {environment['DASHBOARD_URL']}/dashboard/guardrails",
            f"    Email      {environment['ADMIN_EMAIL']}",
            f"    Password   {environment['ADMIN_PASSWORD']}",
            "",
            f"    API        {environment['METRICS_API_URL']}/docs",
            "    Stop       Ctrl-C",
            "",
        ]
    )


def _answers(http: httpx.Client, url: str) -> bool:
    try:
        return http.get(url).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
