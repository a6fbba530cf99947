"""`viral-engine up`."""

import sys

import click

from viral_engine.standalone.errors import StackError
from viral_engine.standalone.merged_log import MergedLog
from viral_engine.standalone.stop_signals import StopRequested, stop_signals_raise
from viral_engine.standalone.up import run_stack


@click.command()
def up() -> None:
    """Start every server and service on this machine, until Ctrl-C.

    The data stays in var/ for the next start. DATABASE_URL and REDIS_URL replace the embedded servers,
    METRICS_API_PORT and DASHBOARD_PORT choose the ports, DEMO=0 leaves the stack empty.
    """
    log = MergedLog(sys.stdout)
    try:
        with stop_signals_raise():
            run_stack(log)
    except StopRequested:
        log.write("Stopped.")
    except StackError as error:
        raise click.ClickException(str(error)) from error
    except PermissionError as error:
        raise click.ClickException(f"{error}. Does another user own the folder?") from error
    finally:
        log.close()
