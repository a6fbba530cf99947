"""The production WSGI server of both web services."""

import logging
import os
import resource
import signal
import socket
from collections.abc import Callable

from flask import Flask

from viral_runtime.settings.groups import WebServerSettings
from viral_runtime.web.draining import Draining, refuse_readiness
from viral_runtime.web.processes import run_processes
from viral_runtime.web.slow_clients import PatientServer

_BACKLOG = 2048


def serve(
    create_app: Callable[[], Flask],
    *,
    host: str,
    port: int,
    threads: int,
    processes: int,
    most_body_bytes: int,
    settings: WebServerSettings,
) -> None:
    """Serve until SIGTERM or SIGINT, then let open requests finish.

    The application is created in each process after the fork, so that they share no connections. Bodies above
    `most_body_bytes` are not stored.
    """
    listening = listen(host, port)
    draining = Draining()
    parent = os.getpid()

    def work(note_start: Callable[[], None]) -> None:
        server = PatientServer(
            refuse_readiness(create_app(), draining),
            listening,
            threads=threads,
            read_seconds=settings.request_read_seconds,
            most_body_bytes=most_body_bytes,
            draining=draining,
            is_orphan=lambda: os.getppid() != parent,
        )
        signal.signal(signal.SIGTERM, server.stop)
        note_start()
        server.run()

    # Queue depth is noise, and messages about clients that left would log the requested path.
    logging.getLogger("waitress").setLevel(logging.ERROR)
    _allow_many_connections()
    run_processes(processes, work, draining=draining, drain_seconds=settings.shutdown_drain_seconds)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; `::` includes IPv4."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG, dualstack_ipv6=both)
    listening.setblocking(False)
    return listening


def _allow_many_connections() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
