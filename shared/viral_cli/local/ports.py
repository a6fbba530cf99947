"""TCP ports: checks wanted ones and finds free ones."""

import socket
from collections.abc import Mapping

from viral_cli.local.errors import StackError


def is_port_free(port: int) -> bool:
    """Whether a server can listen on this port on every address of this machine."""
    with socket.socket() as listener:
        # Like servers: leftover connections of a stopped server do not block its port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("0.0.0.0", port))  # noqa: S104 - bound to test the port, never listened on.
        except OSError:
            return False
    return True


def check_ports_free(ports: Mapping[str, int]) -> None:
    """Raise StackError with every taken port and the variable that changes it."""
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
    """A free port on the loopback address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
