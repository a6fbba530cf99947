"""The production WSGI server that both web services run under."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, create_app: Callable[[], Flask], options: dict[str, Any]) -> None:
        self._create_app = create_app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._create_app()


def serve(create_app: Callable[[], Flask], *, host: str, port: int, threads: int, processes: int, service: str) -> None:
    """Serve until SIGTERM or SIGINT, then let the requests in hand finish.

    The application is made in each process after the fork, so that no connection is shared between them.
    """
    options = {
        "bind": f"{host}:{port}",
        "workers": processes,
        "threads": threads,
        "worker_class": "gthread",
        "proc_name": service,
        "graceful_timeout": 30,
        "timeout": 60,
        "keepalive": 15,
        "worker_tmp_dir": "/dev/shm",  # noqa: S108 - gunicorn's own advice against blocking on a slow disk.
        "limit_request_line": 8190,
        "loglevel": "warning",
    }
    _Server(create_app, options).run()
