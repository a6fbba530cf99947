"""On which addresses the web services take connections."""

import socket

import pytest

from viral_runtime.web.server import listen


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("0.0.0.0", {"127.0.0.1": True, "::1": False}),  # noqa: S104 - what pods listen on.
        ("::", {"127.0.0.1": True, "::1": True}),
        ("::1", {"127.0.0.1": False, "::1": True}),
    ],
)
def test_a_service_is_reached_by_the_families_that_it_listens_on(host: str, reached: dict[str, bool]) -> None:
    with listen(host, 0) as listening:
        port = listening.getsockname()[1]
        assert {address: _reaches(address, port) for address in reached} == reached


def _reaches(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True
