"""Workers and schedulers as real processes, which can be killed with all that they have started."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

_END_SECONDS = 30


class RealProcess:
    """`python -m ...` with an environment of its own."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", *arguments], env={**os.environ, **environment}, stdout=subprocess.DEVNULL
        )

    def kill(self) -> None:
        """SIGKILL for the process and its children at once."""
        with suppress(psutil.NoSuchProcess):
            for process in self._find_family():
                process.kill()
        self._process.wait(_END_SECONDS)

    def kill_children(self) -> None:
        """SIGKILL for what the process has started, such as the horse in which a worker runs a job."""
        for process in self._find_family()[1:]:
            process.kill()

    def find_children(self) -> list[psutil.Process]:
        """The processes that it has started itself."""
        return psutil.Process(self._process.pid).children()

    def freeze(self) -> None:
        """SIGSTOP for the process and its children."""
        for process in self._find_family():
            process.suspend()

    def thaw(self) -> None:
        """SIGCONT for the process and its children."""
        for process in self._find_family():
            process.resume()

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self._process.terminate()
        return self._process.wait(_END_SECONDS)

    def terminate(self) -> None:
        """SIGTERM, without waiting for the end."""
        self._process.terminate()

    def wait(self) -> int:
        """The exit code."""
        return self._process.wait(_END_SECONDS)

    def _find_family(self) -> list[psutil.Process]:
        process = psutil.Process(self._process.pid)
        return [process, *process.children(recursive=True)]


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator[RealProcess]:
    """A process that is killed at the end, if it still runs."""
    process = RealProcess(*arguments, **environment)
    try:
        yield process
    finally:
        process.kill()
