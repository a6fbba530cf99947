"""Builds the four images, runs the chart's pods of them with PostgreSQL, Valkey and a mail server, and uses them."""

import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from shutil import which
from typing import TypeVar

from tests.chart.programs import wheels
from tests.images import story
from tests.images.building import REGISTRY, TAG, TARGETS, build, ensure_base, measure_size
from tests.images.cluster import GATEWAY, Cluster, Manifest, network
from tests.images.contents import check_contents
from tests.images.forwarding import forwarded
from tests.images.programs import check_programs
from tests.support.browsing import start_browser, visit
from tests.support.mail_server import MailServer, mail_server
from viral_cli.local.leftovers import ProcessRecord
from viral_cli.local.merged_log import MergedLog
from viral_cli.local.ports import find_free_port
from viral_cli.local.processes import Children
from viral_cli.local.servers import EmbeddedPostgres, EmbeddedValkey
from viral_contract.client.metrics_api import MetricsApi

_EMAIL, _PASSWORD = "admin@example.com", "password-for-tests"
_DASHBOARD_TOKEN = "dashboard-token-for-tests-of-the-images-only"
_INSIDE = "inside"
_FIRST = ("metrics-api", "dashboard")
# One of each image, running what its health check is for.
_WITH_HEALTH_CHECK = (*_FIRST, "worker-performance-reports", "worker-email-delivery")
Result = TypeVar("Result")
# One network and one view of the mounts for everything that runs, which leaves no trace of its networks on the machine.
# podman cannot use this machine's mixed cgroups.
_PREPARE = """
umount /sys/fs/cgroup/unified 2>/dev/null
for folder in /run/containers /etc/containers/networks; do mkdir -p $folder && mount -t tmpfs tmpfs $folder; done
ip link set lo up
exec "$@"
"""


def main() -> None:
    """Build outside, since that needs the package index; then run in a network of its own."""
    if sys.argv[1:] == [_INSIDE]:
        run()
        return
    check_programs()
    wheels()
    tell("Base image", f"{_time(ensure_base)[0]:.0f} s")
    for target in TARGETS:
        seconds, _ = _time(partial(build, target))
        size, own = measure_size(target)
        tell(f"Image {target}", f"{seconds:.0f} s, {size} MB, of which {own} MB are not the base")
    again = [sys.executable, "-m", "tests.images", _INSIDE]
    os.execvp("unshare", ["unshare", "--mount", "--net", "--", "sh", "-c", _PREPARE, "sh", *again])  # noqa: S606


def run() -> None:
    """Start everything as the chart says, use it, and stop it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="viral-images-")))
        stores = start_stores(stack, folder)
        mail = stack.enter_context(mail_server())
        ports = stack.enter_context(forwarded(*stores, mail.port))
        stack.enter_context(network())
        for target in TARGETS:
            tell(f"Packages in {target}", check_contents(target))
        cluster = Cluster(build_values(*ports), folder)
        start(cluster)
        use(cluster, mail)
        stop(cluster)


def start_stores(stack: ExitStack, folder: Path) -> tuple[int, int]:
    """Start PostgreSQL and Valkey; their ports."""
    children = stack.enter_context(Children(MergedLog(io.StringIO()), ProcessRecord(folder / "processes.json")))
    postgres = EmbeddedPostgres(folder / "postgres", _PASSWORD, find_free_port())
    valkey = EmbeddedValkey(folder / "valkey", _PASSWORD, find_free_port())
    postgres.start(children)
    valkey.start(children)
    return postgres.port, valkey.port


def build_values(postgres: int, valkey: int, smtp: int) -> Manifest:
    """What somebody who installs the chart here would write."""
    secrets = {
        "databaseUrl": f"postgresql://viral_engine:{_PASSWORD}@{GATEWAY}:{postgres}/viral_engine",
        "redisUrl": f"redis://:{_PASSWORD}@{GATEWAY}:{valkey}/0",
        "identifierKey": "identifier-key-for-tests-of-the-images-only",
        "adminEmail": _EMAIL,
        "adminPassword": _PASSWORD,
        "dashboardToken": _DASHBOARD_TOKEN,
        "reportWorkerToken": "report-worker-token-for-tests-of-the-images",
        "emailWorkerToken": "email-worker-token-for-tests-of-the-images",
    }
    email = {"smtpHost": GATEWAY, "smtpPort": smtp, "smtpSecurity": "none"}
    return {
        "image": {"registry": REGISTRY, "tag": TAG},
        "secrets": {"existingSecret": "", **{name: {"value": value} for name, value in secrets.items()}},
        "config": {"email": email, "dashboard": {"dashboardCookieSecure": False}},
        "featureFlags": {"emailDelivery": {"enabled": True}},
    }


def start(cluster: Cluster) -> None:
    """Migrate, then start a pod of each Deployment, what others ask first."""
    tell("Migrations", f"{_time(partial(cluster.run_job, 'migrate'))[0]:.1f} s")
    components = sorted(cluster.rendered.of("Deployment"), key=lambda name: name not in _FIRST)
    for component in components:
        tell(f"Start of {component}", f"{cluster.start(component):.1f} s")


def use(cluster: Cluster, mail: MailServer) -> None:
    """Do what the product is there for."""
    url = f"http://{cluster.pods['metrics-api'].address}:8000"
    dashboard = f"http://{cluster.pods['dashboard'].address}:8050"
    api = MetricsApi.connect(url, _DASHBOARD_TOKEN)
    person = api.on_behalf_of(api.sign_in(_EMAIL, _PASSWORD).secret)
    tell("Ingest and score", story.ingest_and_score(person, url))
    tell("Report by email", story.report_by_email(person, mail))
    chromium = which("chromium")
    assert chromium
    with start_browser(chromium) as browser, visit(browser, dashboard) as guest:
        tell("Page", story.see_page(guest, _EMAIL, _PASSWORD))
        tell("Flag guardrail_dashboard", story.toggle_flag(guest, cluster))


def stop(cluster: Cluster) -> None:
    """Ask the images' own health checks, then stop every pod by SIGTERM."""
    for component in _WITH_HEALTH_CHECK:
        cluster.pods[component].check_health()
    for component, pod in cluster.pods.items():
        seconds, code = _time(pod.stop)
        tell(f"Stop of {component}", f"{seconds:.1f} s")
        assert code == 0, f"{component} ended with {code}:\n{pod.read_log()}"


def tell(what: str, result: str) -> None:
    """Print one line of the report."""
    print(f"{what:40} {result}", flush=True)


def _time(action: Callable[[], Result]) -> tuple[float, Result]:
    began = time.monotonic()
    result = action()
    return time.monotonic() - began, result


if __name__ == "__main__":
    main()
