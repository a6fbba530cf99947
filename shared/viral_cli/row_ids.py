"""Derives each row's event id, the same wherever and whenever the row is imported."""

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

IdKind = Literal["uuid", "own", "content"]
_CACHE_KIB = 64 * 1024


class RowProblemError(Exception):
    """A row that cannot become an event; the message gives the reason."""


class RowIds:
    """Ids from rows' content; identical rows without an id are distinguished by their ordinal.

    So ids do not depend on the file's name, the order of other rows, or the line. Ordinals need all previous rows, so
    a resumed import computes the ids of all rows from the first.
    """

    def __init__(self) -> None:
        self.kinds: Counter[IdKind] = Counter()
        self._equals = _EqualRows()

    def find_id(self, given: object, row: Mapping[str, Any]) -> str:
        """The event id of a row with the file's id `given`.

        A UUID stays. Another id is combined with the row, because ids may restart each day.
        Raises RowProblemError if the row has what text or JSON cannot represent.
        """
        content = _encode(row)
        if given in (None, ""):
            self.kinds["content"] += 1
            return _build_uuid(content, self._equals.count(content))
        if own := _parse_uuid(given):
            self.kinds["uuid"] += 1
            return own
        self.kinds["own"] += 1
        return _build_uuid(content, 0)

    def describe(self) -> str:
        """How ids were derived, as a sentence to append, or nothing."""
        words: dict[IdKind, str] = {
            "uuid": "the file's own UUIDs",
            "own": "the file's own ids together with the rows' content",
            "content": "the rows' content",
        }
        made = {words[kind]: count for kind, count in self.kinds.items()}
        if len(made) > 1:
            return f" Ids: {', '.join(f'{count:,} from {what}' for what, count in made.items())}."
        return "".join(f" Ids: {what}." for what in made)


class _EqualRows:
    """Counts identical rows in a temporary file, so that memory does not grow with the number of rows."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            f"PRAGMA cache_size = -{_CACHE_KIB}",
            "CREATE TABLE rows (digest BLOB PRIMARY KEY, equals INTEGER NOT NULL) WITHOUT ROWID",
            "BEGIN",
        ):
            self._database.execute(statement)

    def count(self, content: bytes) -> int:
        """The number of earlier rows with this content."""
        cursor = self._database.execute(
            "INSERT INTO rows VALUES (?, 0) ON CONFLICT (digest) DO UPDATE SET equals = equals + 1 RETURNING equals",
            [hashlib.sha256(content).digest()[:16]],
        )
        [(equals,)] = cursor.fetchall()
        return int(equals)


def _encode(row: Mapping[str, Any]) -> bytes:
    """The row's columns by name, without empty ones; a number equals a text with the same digits."""
    filled = sorted((name, value) for name, value in row.items() if value not in (None, ""))
    values = [(name, value if isinstance(value, str) else _dump(value)) for name, value in filled]
    try:
        return json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise RowProblemError("has a character that is cut or not of the file's encoding") from error


def _dump(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True)
    except RecursionError as error:
        raise RowProblemError("nests too deep") from error
    except ValueError as error:
        raise RowProblemError("has a number out of range") from error


def _build_uuid(content: bytes, ordinal: int) -> str:
    return str(UUID(bytes=hashlib.sha256(b"%d:%s" % (ordinal, content)).digest()[:16], version=5))


def _parse_uuid(given: object) -> str | None:
    try:
        return str(UUID(str(given)))
    except ValueError:
        return None
