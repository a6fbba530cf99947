"""A row read from a file, before it becomes an event."""

from dataclasses import dataclass
from typing import Any

BLANK = "\ufeff\x1a \t\r\n"
"""Characters around text that are not part of it: byte order mark, DOS end-of-file mark, white space."""


@dataclass(frozen=True)
class Record:
    """One row: its first line, and its values or its problem."""

    line: int
    values: dict[str, Any]
    problem: str | None = None
