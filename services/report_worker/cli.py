"""Commands of the report worker's image."""

from collections.abc import Callable

import click

from report_worker import jobs
from report_worker.scheduler import run_scheduler
from report_worker.settings import AiSettings, ReportWorkerSettings, SchedulerSettings
from viral_runtime.observe.logs import capture_library_logs, configure_logging
from viral_runtime.observe.metrics import serve_metrics
from viral_runtime.settings.base import load_settings_or_exit
from viral_runtime.settings.groups import LogSettings, WorkerMetricsSettings, WorkerSettings
from viral_runtime.work.queues import QueueName
from viral_runtime.work.worker import run_worker

QUEUES: dict[QueueName, Callable[..., None]] = {
    QueueName.PERFORMANCE_REPORTS: jobs.generate_report,
    QueueName.DEFAULT: jobs.tick_schedules,
    QueueName.BATCH: jobs.step_batch,
}


@click.group()
def main() -> None:
    """Run one of the report worker's processes."""


@main.command()
@click.argument("queue", type=click.Choice([str(queue) for queue in QUEUES]))
def work(queue: str) -> None:
    """Work on one queue until asked to stop."""
    run_worker(QueueName(queue), QUEUES[QueueName(queue)], jobs.prepare, ReportWorkerSettings, AiSettings)


@main.command()
def scheduler() -> None:
    """Tick the schedule of weekly and monthly reports until asked to stop."""
    groups = WorkerSettings, WorkerMetricsSettings, SchedulerSettings, LogSettings
    settings, metrics, own, logs = load_settings_or_exit(*groups)
    configure_logging(logs, service="scheduler")
    capture_library_logs()
    serve_metrics(metrics.bind_host, metrics.worker_metrics_port)
    run_scheduler(settings, own)
