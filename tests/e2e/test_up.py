"""`viral-engine up` from outside: it starts, tells where it is, and leaves nothing behind."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.stack_process import COMMAND, StackProcess
from viral_contract.client.metrics_api import MetricsApi

pytestmark = pytest.mark.slow


def list_processes(stack: StackProcess) -> list[psutil.Process]:
    """Every process of a running stack; their environments do not tell, since each holds its own settings only."""
    first = psutil.Process(stack.process.pid)
    return [first, *first.children(recursive=True)]


def find_running(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that have not ended; one that has may wait for a parent to take note of it."""
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    with StackProcess(tmp_path / "var") as stack:
        stack.wait_until_ready()
        processes = list_processes(stack)
        assert len(processes) >= 5
        assert stack.stop(number) == 0, stack.output
    assert stack.lines[-1] == "Stopped."
    assert find_running(processes) == []
    assert not (stack.var / "local.env").exists()


def test_the_page_the_login_and_the_token_that_it_tells_work(tmp_path: Path) -> None:
    with StackProcess(tmp_path / "var") as stack:
        values = stack.wait_until_ready()
        assert httpx.get(f"{values['DASHBOARD_URL']}/healthz").status_code == 200
        api = MetricsApi.connect(values["METRICS_API_URL"], values["API_TOKEN"])
        assert api.fetch_health(days=7).has_data is False
        assert api.sign_in(values["ADMIN_EMAIL"], values["ADMIN_PASSWORD"]).person.email == values["ADMIN_EMAIL"]
        assert values["ADMIN_PASSWORD"] in stack.output


def test_data_and_secrets_survive_a_kill_of_everything(tmp_path: Path) -> None:
    with StackProcess(tmp_path / "var") as stack:
        before = stack.wait_until_ready()
        api = MetricsApi.connect(before["METRICS_API_URL"], before["API_TOKEN"])
        api.save_events([{"event_type": "click", "ip_address": "203.0.113.5"}])
        stack.process.kill()
        stack.process.wait()
    with StackProcess(tmp_path / "var", DEMO="1", **ports_of(stack)) as stack:
        after = stack.wait_until_ready()
        kept = ("API_TOKEN", "ADMIN_PASSWORD", "METRICS_API_URL", "DASHBOARD_URL", "FLAGS_FILE")
        assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
        assert MetricsApi.connect(after["METRICS_API_URL"], after["API_TOKEN"]).fetch_health(days=7).has_data
        assert "Demo data" not in stack.output


def ports_of(stack: StackProcess) -> dict[str, str]:
    return {name: stack.environment[name] for name in ("METRICS_API_PORT", "DASHBOARD_PORT")}


def test_an_interrupted_load_of_the_demo_data_goes_on_and_adds_only_what_is_missing(tmp_path: Path) -> None:
    begun_at = "2025-03-04T05:06:07+00:00"
    for new in (r"[1-9][\d,]*", "0"):
        (tmp_path / "demo-unfinished").write_text(begun_at)
        with StackProcess(tmp_path, DEMO="1") as stack:
            stack.wait_until_ready()
        assert re.search(rf"Demo data: [\d,]+ events, {new} of them new", stack.output)
        assert not (tmp_path / "demo-unfinished").exists()


def test_a_service_that_dies_ends_the_stack_and_is_named(tmp_path: Path) -> None:
    with StackProcess(tmp_path / "var") as stack:
        stack.wait_until_ready()
        processes = list_processes(stack)
        services = psutil.Process(stack.process.pid).children()
        [dashboard] = [service for service in services if service.cmdline()[-1] == "dashboard"]
        dashboard.kill()
        assert stack.wait() == 1
    assert "dashboard ended unexpectedly: it was killed by SIGKILL." in stack.output
    assert find_running(processes) == []
    assert not (stack.var / "local.env").exists()


def test_a_second_stack_in_the_same_folder_is_refused_and_harms_nothing(stack: dict[str, str]) -> None:
    var = Path(stack["FLAGS_FILE"]).parent
    with StackProcess(var) as second:
        assert second.wait() == 1
    assert "is already running" in second.output
    assert httpx.get(f"{stack['METRICS_API_URL']}/readyz").status_code == 200
    assert (var / "local.env").exists()


@pytest.mark.parametrize("variable", ["METRICS_API_PORT", "DASHBOARD_PORT"])
def test_a_taken_port_is_named_before_anything_starts(variable: str, tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with StackProcess(tmp_path / "var", **{variable: str(port)}) as stack:
            assert stack.wait() == 1
    assert f"Port {port} is in use" in stack.output
    assert f"{variable}={port + 1}" in stack.output
    assert not (stack.var / "postgres").exists()


def test_settings_out_of_range_are_all_named_before_anything_starts(tmp_path: Path) -> None:
    bad = {
        "FRAUD_IP_CLICK_THRESHOLD": "4",
        "DASHBOARD_REFRESH_SECONDS": "x",
        "DEMO": "perhaps",
        "RETENTION_EVENTS_DAYS": "1",
    }
    result = subprocess.run(
        [COMMAND, "up"], env={**os.environ, "VAR_DIR": str(tmp_path), **bad}, capture_output=True, text=True
    )
    assert result.returncode == 78
    for problem in (
        "FRAUD_IP_CLICK_THRESHOLD is '4'; allowed: 5 or more",
        "DASHBOARD_REFRESH_SECONDS is 'x'; allowed: 5 to 3600",
        "DEMO is 'perhaps'; allowed: true or false",
        "RETENTION_EVENTS_DAYS is '1'; allowed: 7 to 3650",
    ):
        assert problem in result.stderr
    assert "is missing" not in result.stderr
    assert list(tmp_path.iterdir()) == []
