"""`viral-engine rebuild-facts` and `viral-engine rescan-content`: background jobs with progress."""

import time

import click
from rich.console import Console
from rich.progress import Progress

from viral_cli.stack_connection import api_errors_explained, connect
from viral_contract.models.batches import BatchKind

_LOOK_SECONDS = 0.3


@click.command("rebuild-facts")
def rebuild_facts() -> None:
    """Rebuild all facts from stored events. Reads and writes continue meanwhile."""
    steps = _run("rebuild_facts", "Rebuilding facts")
    click.echo(f"Facts rebuilt ({steps} steps).")


@click.command("rescan-content")
def rescan_content() -> None:
    """Rescan content that an older scanner has scanned. Reads and writes continue meanwhile."""
    steps = _run("rescan_content", "Scanning content")
    click.echo(f"All content scanned with the latest scanner ({steps} steps).")


def _run(kind: BatchKind, doing: str) -> int:
    """Start the job and wait for it, which the stack's worker runs; returns the number of steps."""
    connection = connect()
    console = Console(stderr=True)
    with (
        api_errors_explained(connection.api_url, "The job is still running. Run the same command to see its progress."),
        Progress(console=console, disable=not console.is_terminal) as progress,
    ):
        batch = connection.api.start_batch(kind)
        bar = progress.add_task(doing)
        while batch.status in ("queued", "running"):
            time.sleep(_LOOK_SECONDS)
            batch = connection.api.fetch_batch(batch.id)
            progress.update(bar, completed=batch.done_steps, total=batch.total_steps)
    if batch.status == "failed":
        raise click.ClickException(
            f"It failed after {batch.done_steps} of {batch.total_steps} steps: {batch.last_error}\n"
            "Retry it from the Operations page."
        )
    return batch.total_steps
