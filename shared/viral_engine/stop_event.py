"""SIGTERM and SIGINT as an event that a loop can wait for."""

import signal
from threading import Event, Thread

_STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}


def watch_stop_signals() -> Event:
    """An event that the signals set; call it in the main thread, before any other thread begins.

    It is set from a thread, because a handler that sets an event can meet its lock held and wait for ever.
    """
    stop = Event()
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)

    def watch() -> None:
        signal.sigwait(_STOP_SIGNALS)
        stop.set()

    Thread(target=watch, name="stop-signals", daemon=True).start()
    return stop
