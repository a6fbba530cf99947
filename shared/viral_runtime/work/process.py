"""A worker's process, from its settings to its work."""

from collections.abc import Callable

from viral_runtime.observe.logs import capture_library_logs, configure_logging
from viral_runtime.observe.metrics import serve_metrics
from viral_runtime.observe.tracing import start_tracing
from viral_runtime.settings.base import EnvironmentSettings, load_settings_or_exit
from viral_runtime.settings.observe import LogSettings, TelemetrySettings, WorkerMetricsSettings
from viral_runtime.settings.work import WorkerSettings
from viral_runtime.work.queues import QueueName
from viral_runtime.work.worker import work_on


def run_worker(
    queue: QueueName, function: Callable[..., None], prepare: Callable[[], None], *own: type[EnvironmentSettings]
) -> None:
    """Run `function` for each id on a queue until stopped; `own` are its jobs' settings, validated first."""
    common = WorkerSettings, WorkerMetricsSettings, TelemetrySettings, LogSettings
    settings, metrics, telemetry, logs, *_ = load_settings_or_exit(*common, *own)
    configure_logging(logs, service=f"worker {queue}")
    capture_library_logs()
    start_tracing(telemetry, service=f"worker {queue}")
    prepare()
    serve_metrics(metrics.bind_host, metrics.worker_metrics_port)
    work_on(queue, function, settings)
