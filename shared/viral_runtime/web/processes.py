"""The processes of a web service: started, replaced if one dies, and stopped without losing a request."""

import os
import signal
import sys
import time
from collections.abc import Callable

import structlog

from viral_runtime.observe.metrics import forget_process
from viral_runtime.web.draining import Draining

_STOPS = {signal.SIGTERM, signal.SIGINT}
_SIGNALS = _STOPS | {signal.SIGCHLD}
_FAILED_TO_START = 3
_STOP_SECONDS = 32
_POLL_SECONDS = 0.05
_log = structlog.get_logger()


def run_processes(
    count: int, work: Callable[[Callable[[], None]], None], *, draining: Draining, drain_seconds: float
) -> None:
    """Run `work` in this many processes until SIGTERM or SIGINT; then drain and stop them.

    `work` calls its argument once it has started; a process that ends before that fails the service.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    processes = _Processes(work)
    for _ in range(count):
        processes.start()
    while (received := signal.sigwait(_SIGNALS)) not in _STOPS:
        processes.replace_ended()
    draining.begin()
    _log.info("draining", signal=signal.Signals(received).name, seconds=drain_seconds)
    time.sleep(drain_seconds)
    processes.stop()


class _Processes:
    def __init__(self, work: Callable[[Callable[[], None]], None]) -> None:
        self._work = work
        self._running: set[int] = set()

    def start(self) -> None:
        child = os.fork()
        if child:
            self._running.add(child)
        else:
            self._become_child()

    def replace_ended(self) -> None:
        for process, code in self._reap():
            if code == _FAILED_TO_START:
                self.stop()
                sys.exit(_FAILED_TO_START)
            _log.error("web_process_ended", code=code, process=process)
            self.start()

    def stop(self) -> None:
        self._signal(signal.SIGTERM)
        end = time.monotonic() + _STOP_SECONDS
        while self._running and time.monotonic() < end:
            time.sleep(_POLL_SECONDS)
            list(self._reap())
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        for process in self._running:
            os.kill(process, number)

    def _reap(self) -> list[tuple[int, int]]:
        ended = []
        for process in list(self._running):
            found, status = os.waitpid(process, os.WNOHANG)
            if found:
                self._running.discard(process)
                forget_process(process)
                ended.append((process, os.waitstatus_to_exitcode(status)))
        return ended

    def _become_child(self) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        has_started = False

        def note_start() -> None:
            nonlocal has_started
            has_started = True

        try:
            self._work(note_start)
        except Exception:
            _log.exception("web_process_failed")
            sys.exit(1 if has_started else _FAILED_TO_START)
        sys.exit(0)
