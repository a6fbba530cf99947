"""The real `viral-engine up` as a process of a test."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from viral_cli.local.ports import find_free_port
from viral_cli.local_env import read_local_env

COMMAND = str(Path(sys.executable).with_name("viral-engine"))
READY_LINE = "Viral Guardrails is ready."
_STOP_SECONDS = 60
# Tests write events of past years, which the purge of the night would delete while they are looked at.
_KEEPS_OLD_DATES = {"RETENTION_EVENTS_DAYS": "3650", "RETENTION_CONTENT_DAYS": "3650"}
# For stacks with few visitors: half as much to start.
ONE_PROCESS_EACH = {"METRICS_API_PROCESSES": "1", "DASHBOARD_PROCESSES": "1"}


class StackProcess:
    """A stack with its data in a folder, on free ports and without demo data unless the settings say otherwise."""

    def __init__(self, var: Path, **settings: str) -> None:
        self.var = var
        self.lines: list[str] = []
        self.environment = {
            **os.environ,
            "VAR_DIR": str(var),
            "DEMO": "0",
            "METRICS_API_PORT": str(find_free_port()),
            "DASHBOARD_PORT": str(find_free_port()),
            **_KEEPS_OLD_DATES,
            **settings,
        }
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [COMMAND, "up"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read_output, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.stop()

    @property
    def output(self) -> str:
        """Everything that was printed so far."""
        return "\n".join(self.lines)

    def wait_until_ready(self) -> dict[str, str]:
        """The values of local.env once the stack says that it is ready."""
        self._ready.wait()
        assert any(READY_LINE in line for line in self.lines), self.output
        return read_local_env(self.var / "local.env")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and answer the exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """The exit code, once the process has ended and its output is read."""
        code = self.process.wait(timeout=_STOP_SECONDS)
        self._reader.join(timeout=_STOP_SECONDS)
        return code

    def _read_output(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if READY_LINE in line:
                self._ready.set()
        self._ready.set()
