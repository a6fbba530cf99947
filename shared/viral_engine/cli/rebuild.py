"""`viral-engine rebuild-facts`."""

import click
from rich.console import Console
from rich.progress import Progress

from viral_engine.cli.api_errors import api_errors_explained
from viral_engine.cli.stack_connection import connect


@click.command("rebuild-facts")
def rebuild_facts() -> None:
    """Compute all facts anew from the stored events; reading and writing go on meanwhile."""
    connection = connect()
    console = Console(stderr=True)
    with (
        api_errors_explained(connection.api_url, "The same command begins again, which does no harm."),
        Progress(console=console, disable=not console.is_terminal) as progress,
    ):
        batch = connection.api.start_batch("rebuild_facts")
        bar = progress.add_task("Rebuilding facts")
        while batch.status in ("queued", "running"):
            batch = connection.api.step_batch(batch.id)
            progress.update(bar, completed=batch.done_steps, total=batch.total_steps)
    if batch.status == "failed":
        raise click.ClickException(f"The rebuild failed after {batch.done_steps} of {batch.total_steps} steps.")
    click.echo(f"The facts are rebuilt ({batch.total_steps} steps).")
