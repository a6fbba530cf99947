"""Connections of webhooks, only to checked addresses.

A name is looked up once, all its addresses are checked, and the connection goes to one of those, so that a later DNS
change has no effect.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Sequence

import httpcore

from email_worker.outcomes import FailedError, RefusedError
from viral_runtime.settings.networks import Address, Network, is_allowed


def check_address(address: Address, allowed: Iterable[Network]) -> None:
    """Raise FailedError for an address that is not public, unless its network is allowed."""
    if not is_allowed(address, allowed):
        raise FailedError(
            f"The webhook resolves to {address}, which is not public. "
            "Add its network to WEBHOOK_ALLOWED_NETWORKS to allow it."
        )


class CheckedNetwork(httpcore.NetworkBackend):
    """Connects to public and allowed addresses only, for a limited total time."""

    def __init__(self, allowed: Sequence[Network], seconds: float) -> None:
        self._allowed = allowed
        self._ends_at = time.monotonic() + seconds
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the time left counts.
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the host's first address. Raises NotSentError if it is not allowed or fails."""
        addresses = _look_up(host, port)
        for address in addresses:
            check_address(address, self._allowed)
        left = _find_time_left(self._ends_at)
        stream = self._backend.connect_tcp(str(addresses[0]), port, left, local_address, socket_options)
        return _TimedStream(stream, self._ends_at)


class _TimedStream(httpcore.NetworkStream):
    """A stream with a deadline, which a slow sender cannot extend."""

    def __init__(self, stream: httpcore.NetworkStream, ends_at: float) -> None:
        self._stream = stream
        self._ends_at = ends_at

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, _find_time_left(self._ends_at))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, _find_time_left(self._ends_at))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        left = _find_time_left(self._ends_at)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._ends_at)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


def _look_up(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise RefusedError(f"The webhook's host was not found: {error}") from error
    return [ipaddress.ip_address(entry[4][0]) for entry in found]


def _find_time_left(ends_at: float) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the webhook timed out")
    return left
