"""Child processes of the local stack: started, watched, logged and stopped together."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from viral_cli.local.errors import StackError
from viral_cli.local.leftovers import ProcessRecord
from viral_cli.local.merged_log import MergedLog
from viral_cli.local.settings import list_groups
from viral_runtime.settings.base import EnvironmentSettings

STOP_SECONDS = 35
_POLL_SECONDS = 0.1
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Account:
    """The system account that a program runs as."""

    user: int
    group: int


@dataclass(frozen=True)
class Program:
    """A program to start: its name in the log, its command line and its stop signal.

    With a `log_file`, its output goes there instead of the merged log. It gets only the settings of its `groups`, or
    all settings without groups.
    """

    name: str
    command: Sequence[str]
    stop_signal: signal.Signals = signal.SIGTERM
    log_file: Path | None = None
    account: Account | None = None
    folder: Path | None = None
    groups: Sequence[type[EnvironmentSettings]] | None = None


class Children:
    """Processes that end with the context's block.

    Each leads its own process group, so that Ctrl-C reaches only the parent, which stops them in order. If the parent
    is killed, Linux stops them.
    """

    def __init__(self, log: MergedLog, record: ProcessRecord) -> None:
        self._log = log
        self._record = record
        self._running: list[tuple[Program, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, program: Program) -> None:
        """Start a program that runs until it is stopped."""
        self._running.append((program, self._spawn(program)))

    def run(self, program: Program) -> None:
        """Start a program and wait for its end. Raises StackError if it fails."""
        entry = (program, self._spawn(program))
        self._running.append(entry)
        code = entry[1].wait()
        self._forget(entry)
        if code:
            raise StackError(f"{program.name} failed: it {_format_end(code)}.")

    def check_running(self) -> None:
        """Raise StackError with the first process that ended unexpectedly."""
        for program, process in self._running:
            code = process.poll()
            if code is not None:
                raise StackError(
                    f"{program.name} ended unexpectedly: it {_format_end(code)}.{_format_log_end(program)}"
                )

    def wait_until(self, is_ready: Callable[[], bool], what: str, *, seconds: float) -> None:
        """Wait until something is ready. Raises StackError on a timeout, or if a process has ended."""
        deadline = time.monotonic() + seconds
        while not is_ready():
            self.check_running()
            if time.monotonic() > deadline:
                raise StackError(f"{what} was not ready within {seconds:g} seconds.")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Stop all, last started first, and kill those still running after 35 seconds."""
        for program, process in reversed(self._running):
            process.send_signal(program.stop_signal)
        deadline = time.monotonic() + STOP_SECONDS
        for program, process in reversed(list(self._running)):
            try:
                process.wait(timeout=max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._log.write(f"{program.name} did not stop within {STOP_SECONDS} seconds and is killed.")
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            self._forget((program, process))

    def _forget(self, entry: tuple[Program, subprocess.Popen[bytes]]) -> None:
        self._running.remove(entry)
        self._record.remove(entry[1].pid)

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        account = program.account
        with contextlib.ExitStack() as files:
            output = files.enter_context(program.log_file.open("wb")) if program.log_file else subprocess.PIPE
            process = subprocess.Popen(  # noqa: S603 - the commands are our own.
                program.command,
                env=choose_settings(os.environ, program.groups),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=program.folder,
                user=account.user if account else None,
                group=account.group if account else None,
                extra_groups=[] if account else None,
                process_group=0,
                preexec_fn=_end_with_parent(program.stop_signal),
            )
        self._record.add(process.pid)
        if process.stdout:
            arguments = (program.name, process.stdout)
            threading.Thread(target=self._log.copy, args=arguments, daemon=True).start()
        return process


def choose_settings(
    environment: Mapping[str, str], groups: Sequence[type[EnvironmentSettings]] | None
) -> dict[str, str]:
    """The environment without the settings of other groups: no process has another's secrets."""
    if groups is None:
        return dict(environment)
    foreign = _list_variables(list_groups()) - _list_variables(groups)
    return {name: value for name, value in environment.items() if name.upper() not in foreign}


def _list_variables(groups: Iterable[type[EnvironmentSettings]]) -> set[str]:
    return {name.upper() for group in groups for name in group.model_fields}


def watch(*groups: Children) -> NoReturn:
    """Wait until a process ends unexpectedly, and raise StackError."""
    while True:
        for group in groups:
            group.check_running()
        time.sleep(_POLL_SECONDS)


def _end_with_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """Before the program starts, ask Linux to send this signal when the parent dies."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, int(stop_signal))


def _format_end(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _format_log_end(program: Program) -> str:
    if program.log_file is None:
        return ""
    lines = program.log_file.read_text(errors="replace").splitlines()[-10:]
    return "\n".join([f" The end of {program.log_file}:", *(f"  {line}" for line in lines)])
