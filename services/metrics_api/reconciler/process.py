"""The process: told to stop by a signal, watched through its metrics."""

import signal
from collections.abc import Sequence
from threading import Event, Thread

import structlog
from prometheus_client import start_http_server

from metrics_api.reconciler.loop import reconcile_until
from metrics_api.reconciler.tasks import Task
from viral_engine.settings import ApiSettings, ReconcilerSettings

_STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}
_log = structlog.get_logger()


def run_reconciler(settings: ApiSettings, own: ReconcilerSettings, tasks: Sequence[Task]) -> None:
    """Reconcile until SIGTERM or SIGINT, which lets the task in hand finish."""
    stop = Event()
    _watch_signals(stop)
    if own.reconciler_metrics_port:
        start_http_server(own.reconciler_metrics_port, addr=settings.bind_host)
    _log.info("reconciler_started", tasks=[task.name for task in tasks])
    reconcile_until(stop, settings.database_url, tasks)
    _log.info("reconciler_stopped")


def _watch_signals(stop: Event) -> None:
    """Set `stop` from a thread, because a handler that sets an event can meet its lock held and wait for ever."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)

    def watch() -> None:
        signal.sigwait(_STOP_SIGNALS)
        stop.set()

    Thread(target=watch, daemon=True).start()
