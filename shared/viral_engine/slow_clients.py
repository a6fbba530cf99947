"""Clients that send slowly, or nothing, must not hold the threads that everybody needs.

Other than in gunicorn's own thread worker, whose timeout is for workers that hang: a connection takes no thread before
it has sent something, and a request has to be read within a time that only grows with what has come in.
"""

import socket
import time
from collections import deque
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.http import get_parser
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import ThreadWorker

_SLOWEST_BYTES_PER_SECOND = 64 * 1024
_ANSWER_SECONDS = 30


class RequestTimeoutError(ParseException):  # type: ignore[misc]
    """The client took too long to send its request."""


class PatientSocket:
    """Reads a request from a socket within `seconds`, and one more for every 64 KiB that came in."""

    def __init__(self, connected: socket.socket, seconds: float) -> None:
        self._socket = connected
        self._seconds = seconds
        self._until = 0.0
        self._timeout: float | None = None

    def begin(self) -> None:
        """The next request begins now."""
        self._until = time.monotonic() + self._seconds

    def recv(self, size: int) -> bytes:
        """What has come in. Raises RequestTimeoutError, or TimeoutError where a timeout was set."""
        left = self._until - time.monotonic() if self._timeout is None else self._timeout
        try:
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            received = self._socket.recv(size)
        except TimeoutError as error:
            if self._timeout is not None:
                raise
            raise RequestTimeoutError from error
        finally:
            # Whoever does not read the answer must not hold the thread either.
            self._socket.settimeout(_ANSWER_SECONDS)
        self._until += len(received) / _SLOWEST_BYTES_PER_SECOND
        return received

    def settimeout(self, timeout: float | None) -> None:
        """Wait this long in each `recv`, as gunicorn asks while it drops the rest of a body."""
        self._timeout = timeout

    def gettimeout(self) -> float | None:
        """The timeout that was set."""
        return self._timeout


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """A thread worker that slow clients cannot occupy."""

    pending_conns: deque[Any]

    @property
    def read_seconds(self) -> float:
        """How long a client may take to send a small request."""
        seconds: float = self.app.read_seconds
        return seconds

    def enqueue_req(self, connection: Any) -> None:
        """Give a connection to a thread as soon as it has sent something, and not before."""
        if connection.initialized or connection.data_ready:
            super().enqueue_req(connection)
            return
        connection.sock.setblocking(False)
        connection.timeout = time.monotonic() + self.read_seconds
        self.pending_conns.append(connection)
        readable = partial(self.on_pending_socket_readable, connection)
        self.poller.register(connection.sock, EVENT_READ, readable)

    def handle(self, connection: Any) -> Any:
        """Read and answer a request."""
        if connection.parser is None:
            patient = PatientSocket(connection.sock, self.read_seconds)
            connection.parser = get_parser(self.cfg, patient, connection.client)
        connection.parser.unreader.sock.begin()
        return super().handle(connection)
