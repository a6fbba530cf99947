"""SIGTERM and SIGINT as an event that a loop can wait for."""

import signal
from queue import SimpleQueue
from threading import Event, Thread

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def watch_stop_signals() -> Event:
    """An event that the signals set; call it in the main thread.

    It is set from a thread, because a handler that sets an event can deadlock on its lock.
    """
    stop, signals = Event(), SimpleQueue[int]()

    def watch() -> None:
        signals.get()
        stop.set()

    for number in _STOP_SIGNALS:
        signal.signal(number, lambda number, _frame: signals.put(number))
    Thread(target=watch, name="stop-signals", daemon=True).start()
    return stop
