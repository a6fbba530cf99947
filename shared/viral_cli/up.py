"""`viral-engine up`."""

import click


@click.command()
def up() -> None:
    """Start every server and service on this machine, until Ctrl-C.

    The data stays in var/ for the next start. DATABASE_URL and REDIS_URL replace the embedded servers,
    METRICS_API_PORT and DASHBOARD_PORT choose the ports, DEMO=0 leaves the stack empty.
    """
    try:
        from viral_cli.local.up import run
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"`viral-engine up` needs {error.name}: pip install 'viral-engine[metrics-api,dashboard,report-worker,"
            "email-worker,standalone]'"
        ) from error
    run()
