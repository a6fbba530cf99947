"""A web server that slow clients cannot block: a request gets a thread only once it has arrived completely.

One thread reads from and writes to all connections, so a slow reader takes no thread either. `/healthz` has its own
thread, because being busy is not being dead.
"""

import socket
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.buffers import ReadOnlyFileBasedBuffer
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, Task, ThreadedTaskDispatcher, WSGITask

from viral_contract.models.problem import Problem
from viral_runtime.web.draining import Draining
from viral_runtime.web.request_parser import Refused, StrictParser

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LIVENESS_PATH = "/healthz"
_IDLE_SECONDS = 15
_ANSWER_SECONDS = 30
_STOP_SECONDS = 30
_SLOWEST_BYTES_PER_SECOND = 64 * 1024
# Below the chart's size of /tmp.
_STORED_BYTES = 128 * 1024 * 1024
_COPIED_BYTES = 16 * 1024
# Larger bodies are not even counted to the end.
_MOST_COUNTED_BYTES = 64 * 1024 * 1024


class _LastAnswer(Task):  # type: ignore[misc]
    """An answer that closes its connection if the server is about to stop."""

    def build_response_header(self) -> bytes:
        if self.channel.server.draining.has_begun:
            self.set_close_on_finish()
        header: bytes = super().build_response_header()
        return header


class _Answer(_LastAnswer, WSGITask):  # type: ignore[misc]
    """An answer of the application."""


class _Refusal(_LastAnswer, ErrorTask):  # type: ignore[misc]
    """Answers an invalid request with a problem."""

    def execute(self) -> None:
        status = HTTPStatus(self.request.error.code)
        code = status.name.lower()
        detail = status.description or status.phrase
        problem = Problem(title=status.phrase, status=status.value, detail=detail, code=code)
        body = problem.model_dump_json(exclude_none=True).encode()
        self.status = f"{status.value} {status.phrase}"
        self.response_headers = [("Content-Type", "application/problem+json"), ("X-Request-ID", uuid.uuid4().hex)]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Connection(HTTPChannel):  # type: ignore[misc]
    parser_class = StrictParser
    task_class = _Answer
    error_task_class = _Refusal
    request: StrictParser | None
    sendbuf_len: int

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.sendbuf_len = min(self.sendbuf_len, _COPIED_BYTES)
        self._begun_at = 0.0

    def received(self, data: bytes) -> bool:
        """Record when a request begins, because its time limit starts then."""
        if self.request is None:
            self._begun_at = time.time()
        return bool(super().received(data))

    def write_soon(self, data: Any) -> int:
        """Send it as the client reads it; large data is neither copied nor written to disk meanwhile."""
        if isinstance(data, bytes) and len(data) > _COPIED_BYTES:
            data = ReadOnlyFileBasedBuffer(BytesIO(data))
            data.prepare()
        return int(super().write_soon(data))

    def is_urgent(self) -> bool:
        """Whether the next request is answered even if every thread is busy."""
        request = self.requests[0]
        return bool(request.error) or request.path == LIVENESS_PATH

    def end_if_too_slow(self, now: float, read_seconds: float) -> None:
        """Close connections of requests that do not arrive and of clients that neither send nor read."""
        if self.request is not None and not self.requests:
            received = self.request.header_bytes_received + self.request.body_bytes_received
            if now > self._begun_at + read_seconds + received / _SLOWEST_BYTES_PER_SECOND:
                self.refuse(Refused(HTTPStatus.REQUEST_TIMEOUT))
        elif self.last_activity < now - (_ANSWER_SECONDS if self.total_outbufs_len else _IDLE_SECONDS):
            self.will_close = bool(self.total_outbufs_len or not self.requests)

    def refuse(self, error: Refused) -> None:
        """Answer the incoming request with an error."""
        with self.requests_lock:
            if self.request is None or self.requests:
                return
            self.request.error = error
            self.requests.append(self.request)
            self.request = None
        self.server.add_task(self)


class PatientServer(TcpWSGIServer):  # type: ignore[misc]
    """Serves one application in one process from a listening socket."""

    channel_class = _Connection
    active_channels: dict[int, _Connection]

    def __init__(
        self,
        app: "WSGIApplication",
        listening: socket.socket,
        *,
        threads: int,
        read_seconds: float,
        most_body_bytes: int,
        draining: Draining,
        is_orphan: Callable[[], bool],
    ) -> None:
        """`is_orphan` returns whether the parent process is gone."""
        self.draining = draining
        self._read_seconds = read_seconds
        self._is_orphan = is_orphan
        self._is_stopping = False
        self._urgent = ThreadedTaskDispatcher()
        self._urgent.set_thread_count(1)
        settings = Adjustments(**_OPTIONS, threads=threads, inbuf_overflow=most_body_bytes, sockets=[listening])
        address = (listening.family, listening.type, listening.proto, listening.getsockname())
        super().__init__(app, {}, _sock=listening, adj=settings, sockinfo=address, bind_socket=False)

    def add_task(self, connection: _Connection) -> None:
        """Give a complete request to a thread."""
        (self._urgent if connection.is_urgent() else self.task_dispatcher).add_task(connection)

    def run(self) -> None:
        """Serve until `stop`, and then until every open request is answered."""
        while not self._is_stopping:
            self._turn()
        self.accepting = False
        self.del_channel()
        self.socket.close()
        end = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < end and any(map(_is_in_use, self.active_channels.values())):
            self.maintenance(time.time())
            self._turn()
        self.task_dispatcher.shutdown()

    def stop(self, *_signal: object) -> None:
        """Accept no more connections."""
        self._is_stopping = True
        self.pull_trigger()

    def maintenance(self, now: float) -> None:
        """Maintain the connections; called about once a second."""
        if self._is_orphan():
            self.stop()
        for connection in list(self.active_channels.values()):
            connection.end_if_too_slow(now, self._read_seconds)
        self._make_room()

    def _make_room(self) -> None:
        """Refuse the largest incoming bodies if all of them together exceed the space."""
        coming = [(each.request.stored_bytes, each) for each in self.active_channels.values() if each.request]
        excess = sum(size for size, _ in coming) - _STORED_BYTES
        for size, connection in sorted(coming, key=lambda item: item[0], reverse=True):
            if excess <= 0:
                break
            connection.refuse(Refused(HTTPStatus.SERVICE_UNAVAILABLE))
            excess -= size

    def _turn(self) -> None:
        wasyncore.loop(timeout=self.adj.asyncore_loop_timeout, use_poll=True, map=self._map, count=1)


def _is_in_use(connection: _Connection) -> bool:
    return bool(connection.requests or connection.request or connection.total_outbufs_len)


_OPTIONS = {
    "ident": None,
    "connection_limit": 10_000,
    "cleanup_interval": 1,
    "asyncore_loop_timeout": 1,
    "log_socket_errors": False,
    "recv_bytes": 16 * 1024,
    "max_request_header_size": 64 * 1024,
    "max_request_body_size": _MOST_COUNTED_BYTES,
    "outbuf_high_watermark": 64 * 1024 * 1024,
    "clear_untrusted_proxy_headers": False,
}
