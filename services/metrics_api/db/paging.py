"""Pages of long lists: each goes on behind the last row of the one before, whatever is added meanwhile."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

Item = TypeVar("Item")


class CursorSigner(Protocol):
    """Turns a text into an opaque one and back."""

    def seal(self, text: str, *, purpose: str) -> str:
        """The opaque form, which opens for the same purpose only."""

    def unseal(self, sealed: str, *, purpose: str) -> str | None:
        """The text behind the opaque form, or None when it was not sealed here for this purpose."""


class InvalidCursorError(ValueError):
    """The cursor was not made for this list."""


@dataclass(frozen=True)
class Page:
    """At most `limit` rows behind the row whose key is `after`."""

    limit: int
    after: tuple[Any, ...] | None = None

    @property
    def fetch(self) -> int:
        """One row more than shown tells whether there is a next page."""
        return self.limit + 1

    def split(self, rows: Sequence[Item]) -> tuple[list[Item], Item | None]:
        """The rows of this page, and its last row if more follow."""
        shown = list(rows[: self.limit])
        return shown, shown[-1] if len(rows) > self.limit else None


def encode_cursor(signer: CursorSigner, name: str, key: Sequence[object]) -> str:
    """A cursor behind the row with this key; sealed, because keys hold identifiers."""
    return signer.seal(json.dumps([str(part) for part in key]), purpose=f"cursor of {name}")


def decode_cursor(signer: CursorSigner, name: str, cursor: str) -> tuple[str, ...]:
    """The key within the cursor. Raises InvalidCursorError when it is not one of this list's."""
    key = signer.unseal(cursor, purpose=f"cursor of {name}")
    if key is None:
        raise InvalidCursorError("is not a cursor from this list")
    return tuple(json.loads(key))
