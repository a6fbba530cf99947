"""TCP ports: whether the wanted ones are free, and which others are."""

import socket
from collections.abc import Mapping

from viral_cli.local.errors import StackError


def is_port_free(port: int) -> bool:
    """Whether a server may listen on this port of every address of this machine."""
    with socket.socket() as listener:
        # As servers do it: connections that a stopped server left behind do not keep its port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("0.0.0.0", port))  # noqa: S104 - bound to test the port, never listened on.
        except OSError:
            return False
    return True


def check_ports_free(ports: Mapping[str, int]) -> None:
    """Raise StackError that names every taken port and the variable that chooses another."""
    if len(set(ports.values())) < len(ports):
        raise StackError(f"{' and '.join(ports)} must be different ports.")
    taken = [
        f"Port {port} is in use by another program. Stop it, or choose another port, "
        f"for example {variable}={port + 1 if port < 65535 else 8000}"
        for variable, port in ports.items()
        if not is_port_free(port)
    ]
    if taken:
        raise StackError("\n".join(taken))


def find_free_port() -> int:
    """A port of the loopback address on which nobody listens now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
