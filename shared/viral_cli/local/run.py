"""Runs the local stack until it is stopped."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

from viral_cli.local.errors import StackError
from viral_cli.local.merged_log import MergedLog
from viral_cli.local.up import run_stack

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """The stack was asked to stop."""


@contextmanager
def stop_signals_raise() -> Iterator[None]:
    """Raise StopRequested in the block at the first signal; further signals do not disturb the shutdown."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise StopRequested

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        if number is not signal.SIGHUP or before[number] is not signal.SIG_IGN:  # Ignored under nohup.
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run() -> None:
    """Start everything, and return why it ended. Raises click.ClickException on errors."""
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
