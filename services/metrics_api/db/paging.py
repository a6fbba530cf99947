"""Pages of long lists: each continues after the last row of the previous one, whatever is added in between."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

Item = TypeVar("Item")


class CursorSigner(Protocol):
    """Encrypts a text and decrypts it."""

    def seal(self, text: str, *, purpose: str) -> str:
        """The text encrypted for one purpose."""

    def unseal(self, sealed: str, *, purpose: str) -> str | None:
        """The sealed text, or None if it was not sealed here for this purpose."""


class InvalidCursorError(ValueError):
    """The cursor does not belong to this list."""


@dataclass(frozen=True)
class Page:
    """At most `limit` rows after the row whose key is `after`."""

    limit: int
    after: tuple[Any, ...] | None = None

    @property
    def fetch(self) -> int:
        """The number of rows to fetch: one more than shown, to see whether there is a next page."""
        return self.limit + 1

    def split(self, rows: Sequence[Item]) -> tuple[list[Item], Item | None]:
        """The rows of this page, and its last row if more follow."""
        shown = list(rows[: self.limit])
        return shown, shown[-1] if len(rows) > self.limit else None


def encode_cursor(signer: CursorSigner, name: str, key: Sequence[object]) -> str:
    """A cursor after the row with this key; sealed, because keys may contain identifiers."""
    return signer.seal(json.dumps([str(part) for part in key]), purpose=f"cursor of {name}")


def decode_cursor(signer: CursorSigner, name: str, cursor: str) -> tuple[str, ...]:
    """The key in the cursor. Raises InvalidCursorError if the cursor does not belong to this list."""
    key = signer.unseal(cursor, purpose=f"cursor of {name}")
    if key is None:
        raise InvalidCursorError("is not a cursor from this list")
    return tuple(json.loads(key))
