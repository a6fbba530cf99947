"""Commands of the email worker's image."""

from collections.abc import Callable

import click

from email_worker import jobs
from email_worker.settings import EmailSettings, EmailWorkerSettings, WebhookSettings
from viral_runtime.work.queues import QueueName
from viral_runtime.work.worker import run_worker

QUEUES: dict[QueueName, Callable[..., None]] = {
    QueueName.EMAIL_DELIVERY: jobs.send_email,
    QueueName.WEBHOOKS: jobs.post_webhook,
}


@click.group()
def main() -> None:
    """Run one of the email worker's processes."""


@main.command()
@click.argument("queue", type=click.Choice([str(queue) for queue in QUEUES]))
def work(queue: str) -> None:
    """Work on one queue until asked to stop."""
    run_worker(
        QueueName(queue), QUEUES[QueueName(queue)], jobs.prepare, EmailWorkerSettings, EmailSettings, WebhookSettings
    )
