"""The process: told when to stop, watched through its metrics."""

from collections.abc import Sequence
from threading import Event

import structlog

from metrics_api.reconciler.loop import reconcile_until
from metrics_api.reconciler.tasks import Task
from metrics_api.settings.api import ApiSettings
from metrics_api.settings.queues import ReconcilerSettings
from viral_runtime.observe.metrics import serve_metrics

_log = structlog.get_logger()


def run_reconciler(stop: Event, settings: ApiSettings, own: ReconcilerSettings, tasks: Sequence[Task]) -> None:
    """Reconcile until `stop` is set, which lets the task in hand finish."""
    serve_metrics(settings.bind_host, own.reconciler_metrics_port)
    _log.info("reconciler_started", tasks=[task.name for task in tasks])
    reconcile_until(stop, settings.database_url, tasks)
    _log.info("reconciler_stopped")
