"""Commands of the report worker's image."""

import click

from report_worker import jobs
from report_worker.scheduler import run_scheduler
from viral_engine.logs import capture_library_logs, configure_logging
from viral_engine.queue_worker import work_on
from viral_engine.queues import QueueName
from viral_engine.settings import LogSettings, load_settings_or_exit
from viral_engine.shared_metrics import serve_metrics
from viral_engine.telemetry_settings import TelemetrySettings, WorkerMetricsSettings
from viral_engine.tracing import start_tracing
from viral_engine.worker_settings import AiSettings, SchedulerSettings, WorkerSettings

QUEUES = (QueueName.PERFORMANCE_REPORTS, QueueName.DEFAULT, QueueName.BATCH)


@click.group()
def main() -> None:
    """Run one of the report worker's processes."""


@main.command()
@click.argument("queue", type=click.Choice([str(queue) for queue in QUEUES]))
def work(queue: str) -> None:
    """Work on one queue until told to stop."""
    groups = WorkerSettings, WorkerMetricsSettings, TelemetrySettings, AiSettings, LogSettings
    settings, metrics, telemetry, _, logs = load_settings_or_exit(*groups)
    configure_logging(logs, service=f"worker {queue}")
    capture_library_logs()
    start_tracing(telemetry, service=f"worker {queue}")
    jobs.prepare()
    serve_metrics(metrics.bind_host, metrics.worker_metrics_port)
    work_on(QueueName(queue), settings)


@main.command()
def scheduler() -> None:
    """Tick the schedule of weekly and monthly reports until told to stop."""
    groups = WorkerSettings, WorkerMetricsSettings, SchedulerSettings, LogSettings
    settings, metrics, own, logs = load_settings_or_exit(*groups)
    configure_logging(logs, service="scheduler")
    capture_library_logs()
    serve_metrics(metrics.bind_host, metrics.worker_metrics_port)
    run_scheduler(settings, own)
