"""Runs the local stack until it is told to stop."""

import sys

import click

from viral_cli.local.errors import StackError
from viral_cli.local.merged_log import MergedLog
from viral_cli.local.stop_signals import StopRequested, stop_signals_raise
from viral_cli.local.up import run_stack


def run() -> None:
    """Start everything, and say in one sentence why it ended. Raises click.ClickException for what went wrong."""
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
