"""`var/local.env`: connection details of a running local stack for other programs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from viral_cli.private_file import write_private_file

NAMES = (
    "METRICS_API_URL",
    "DASHBOARD_URL",
    "API_TOKEN",
    "ADMIN_EMAIL",
    "ADMIN_PASSWORD",
    "DATABASE_URL",
    "REDIS_URL",
    "FLAGS_FILE",
)


@contextmanager
def published(path: Path, values: Mapping[str, str]) -> Iterator[None]:
    """Keep the file while the block runs; its presence means that the stack is ready."""
    write_private_file(path, "".join(f"{name}={_quote(values[name])}\n" for name in NAMES))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def read_local_env(path: Path) -> dict[str, str]:
    """The values of a running stack. Raises FileNotFoundError if none is ready."""
    pairs = (line.partition("=") for line in path.read_text().splitlines())
    return {name: _unquote(value) for name, _, value in pairs}


def _quote(value: str) -> str:
    """Quoted for a shell; values without special characters stay unquoted."""
    if value and all(char.isalnum() or char in "-_.:/@+%," for char in value):
        return value
    return "'" + value.replace("'", "'\\''") + "'"


def _unquote(value: str) -> str:
    return value[1:-1].replace("'\\''", "'") if value.startswith("'") else value
