"""A row as it is read from a file, before it becomes an event."""

from dataclasses import dataclass
from typing import Any

BLANK = "\ufeff\x1a \t\r\n"
"""What surrounds text without being of it: a byte order mark, the end-of-file mark of DOS, blanks."""


@dataclass(frozen=True)
class Record:
    """One row: the line it begins at, and its values or what is wrong with it."""

    line: int
    values: dict[str, Any]
    problem: str | None = None
