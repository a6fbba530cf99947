"""The production WSGI server that both web services run under."""

import socket
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.util import write_nonblock

from viral_engine.contract.problem import Problem
from viral_engine.draining import Draining, DrainingArbiter, refuse_readiness
from viral_engine.shared_metrics import forget_process
from viral_engine.slow_clients import PatientWorker, RequestTimeoutError
from viral_engine.web_settings import WebServerSettings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_STATUSES = {
    LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    RequestTimeoutError: HTTPStatus.REQUEST_TIMEOUT,
}


class ProblemWorker(PatientWorker):
    """Answers what never becomes a request by a problem; gunicorn would send HTML."""

    def handle_request(self, *arguments: Any) -> Any:
        """Answer a request; one that comes shortly before the end is the last of its connection."""
        if self.app.draining.has_begun:
            self.max_keepalived = 0
        return super().handle_request(*arguments)

    def handle_error(self, _request: object, client: socket.socket, _address: object, error: Exception) -> None:
        """Answer what the caller did wrong by 4xx, and what we did by 500."""
        if isinstance(error, ParseException):
            status = _STATUSES.get(type(error), HTTPStatus.BAD_REQUEST)
        else:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            self.log.exception("Error handling a request")
        write_nonblock(client, _format_answer(status))


def _format_answer(status: HTTPStatus) -> bytes:
    code = status.name.lower()
    problem = Problem(title=status.phrase, status=status.value, detail=status.description or status.phrase, code=code)
    body = problem.model_dump_json(exclude_none=True).encode()
    headers = {
        "Content-Type": "application/problem+json",
        "Content-Length": len(body),
        "X-Request-ID": uuid.uuid4().hex,
        "Connection": "close",
    }
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, create_app: Callable[[], Flask], options: dict[str, Any], settings: WebServerSettings) -> None:
        self._create_app = create_app
        self._options = options
        self.drain_seconds = settings.shutdown_drain_seconds
        self.read_seconds = settings.request_read_seconds
        self.draining = Draining()
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> "WSGIApplication":
        return refuse_readiness(self._create_app(), self.draining)

    def run(self) -> None:
        DrainingArbiter(self).run()


def _forget_worker(_server: object, worker: PatientWorker) -> None:
    forget_process(worker.pid)


def serve(
    create_app: Callable[[], Flask],
    *,
    host: str,
    port: int,
    threads: int,
    processes: int,
    service: str,
    settings: WebServerSettings,
) -> None:
    """Serve until SIGTERM or SIGINT, then let the requests in hand finish.

    The application is made in each process after the fork, so that no connection is shared between them.
    """
    options = {
        "bind": f"{host}:{port}",
        "workers": processes,
        "threads": threads,
        "worker_class": ProblemWorker,
        "proc_name": service,
        "graceful_timeout": 30,
        "timeout": 60,
        "keepalive": 15,
        "worker_tmp_dir": "/dev/shm",  # noqa: S108 - gunicorn's own advice against blocking on a slow disk.
        "limit_request_line": 8190,
        "loglevel": "warning",
        "child_exit": _forget_worker,
        "control_socket_disable": True,  # Nobody uses it, and it needs a home folder that can be written.
    }
    _Server(create_app, options, settings).run()
