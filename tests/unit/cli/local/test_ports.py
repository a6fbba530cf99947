"""A taken port is noticed before anything starts, and the message says what helps."""

import socket
from collections.abc import Iterator

import pytest

from viral_cli.local.errors import StackError
from viral_cli.local.ports import check_ports_free, find_free_port, is_port_free


@pytest.fixture(params=["127.0.0.1", ""], ids=["loopback", "everywhere"])
def taken_port(request: pytest.FixtureRequest) -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((request.param, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_on_which_somebody_listens_is_taken(taken_port: int) -> None:
    assert not is_port_free(taken_port)


def test_a_port_found_free_is_free() -> None:
    assert is_port_free(find_free_port())


def test_the_message_names_the_port_and_the_variable(taken_port: int) -> None:
    with pytest.raises(StackError, match=rf"Port {taken_port} is in use.*DASHBOARD_PORT={taken_port + 1}"):
        check_ports_free({"METRICS_API_PORT": find_free_port(), "DASHBOARD_PORT": taken_port})


def test_one_port_for_two_services_is_refused() -> None:
    port = find_free_port()
    with pytest.raises(StackError, match="METRICS_API_PORT and DASHBOARD_PORT must be different"):
        check_ports_free({"METRICS_API_PORT": port, "DASHBOARD_PORT": port})
