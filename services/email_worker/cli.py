"""Commands of the email worker's image."""

import click

from email_worker import jobs
from viral_engine.delivery_settings import EmailSettings, WebhookSettings
from viral_engine.logs import capture_library_logs, configure_logging
from viral_engine.queue_worker import work_on
from viral_engine.queues import QueueName
from viral_engine.settings import LogSettings, load_settings_or_exit
from viral_engine.shared_metrics import serve_metrics
from viral_engine.telemetry_settings import TelemetrySettings, WorkerMetricsSettings
from viral_engine.tracing import start_tracing
from viral_engine.worker_settings import WorkerSettings

QUEUES = (QueueName.EMAIL_DELIVERY, QueueName.WEBHOOKS)


@click.group()
def main() -> None:
    """Run one of the email worker's processes."""


@main.command()
@click.argument("queue", type=click.Choice([str(queue) for queue in QUEUES]))
def work(queue: str) -> None:
    """Work on one queue until told to stop."""
    groups = WorkerSettings, WorkerMetricsSettings, TelemetrySettings, EmailSettings, WebhookSettings, LogSettings
    settings, metrics, telemetry, _, _, logs = load_settings_or_exit(*groups)
    configure_logging(logs, service=f"worker {queue}")
    capture_library_logs()
    start_tracing(telemetry, service=f"worker {queue}")
    jobs.prepare()
    serve_metrics(metrics.bind_host, metrics.worker_metrics_port)
    work_on(QueueName(queue), settings)
