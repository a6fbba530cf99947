"""The process: told when to stop, watched through its metrics."""

from collections.abc import Sequence
from threading import Event

import structlog
from prometheus_client import start_http_server

from metrics_api.reconciler.loop import reconcile_until
from metrics_api.reconciler.tasks import Task
from viral_engine.settings import ApiSettings, ReconcilerSettings

_log = structlog.get_logger()


def run_reconciler(stop: Event, settings: ApiSettings, own: ReconcilerSettings, tasks: Sequence[Task]) -> None:
    """Reconcile until `stop` is set, which lets the task in hand finish."""
    if own.reconciler_metrics_port:
        start_http_server(own.reconciler_metrics_port, addr=settings.bind_host)
    _log.info("reconciler_started", tasks=[task.name for task in tasks])
    reconcile_until(stop, settings.database_url, tasks)
    _log.info("reconciler_stopped")
