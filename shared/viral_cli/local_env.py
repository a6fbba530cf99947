"""`var/local.env`: how other programs reach a running local stack."""

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
    """Have the file while the block runs; its presence says that the stack is ready."""
    write_private_file(path, "".join(f"{name}={_quote(values[name])}\n" for name in NAMES))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def read_local_env(path: Path) -> dict[str, str]:
    """The values of a running stack. Raises FileNotFoundError when none is ready."""
    pairs = (line.partition("=") for line in path.read_text().splitlines())
    return {name: _unquote(value) for name, _, value in pairs}


def _quote(value: str) -> str:
    """As a shell reads it back; values without special characters stay as they are."""
    if value and all(char.isalnum() or char in "-_.:/@+%," for char in value):
        return value
    return "'" + value.replace("'", "'\\''") + "'"


def _unquote(value: str) -> str:
    return value[1:-1].replace("'\\''", "'") if value.startswith("'") else value
