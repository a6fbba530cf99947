"""Lists that callers sort: pages that continue after the last row, whatever the order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Row

from metrics_api.db.paging import CursorSigner, Page, encode_cursor

Sort = TypeVar("Sort", bound=str)


class InvalidSortError(ValueError):
    """The rows have no such value; `field` is the parameter that names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class SortKey:
    """What a list can be sorted by: an expression that is never null, its type, and which end comes first."""

    expression: str
    type: str
    is_descending: bool = True


@dataclass(frozen=True)
class Sorting(Generic[Sort]):
    """An order of a list's rows in SQL; rows with the same value follow one another by `tie`, which is unique.

    The select list has to hold `select`, and its rows are ordered by `order_by`. The cursor belongs to the order.
    """

    list: str
    keys: Mapping[Sort, SortKey]
    tie: SortKey
    sort: Sort
    order: str | None = None

    @property
    def is_descending(self) -> bool:
        """Whether the largest value comes first."""
        return self.keys[self.sort].is_descending if self.order is None else self.order == "desc"

    @property
    def cursor(self) -> str:
        """The name of the list in this order."""
        return f"{self.list} by {self.sort} {'desc' if self.is_descending else 'asc'}"

    @property
    def select(self) -> str:
        """The columns that the next page begins with."""
        return f"{self.keys[self.sort].expression} AS sort_value, {self.tie.expression} AS sort_tie"

    @property
    def order_by(self) -> str:
        """The order of rows that have the columns of `select`."""
        return f"ORDER BY sort_value {'DESC' if self.is_descending else 'ASC'}, sort_tie"

    def build_behind(self, page: Page) -> str:
        """The condition of the page on rows that have the columns of `select`; wants `list_values`."""
        if page.after is None:
            return "true"
        value = f"CAST(:after_value AS {self.keys[self.sort].type})"
        tie = f"CAST(:after_tie AS {self.tie.type})"
        sign = "<" if self.is_descending else ">"
        return f"(sort_value {sign} {value} OR (sort_value = {value} AND sort_tie > {tie}))"

    def list_values(self, page: Page) -> dict[str, object]:
        """What the statement of this page wants."""
        after = {} if page.after is None else dict(zip(("after_value", "after_tie"), page.after, strict=True))
        return {**after, "fetch": page.fetch}

    def format_cursor(self, signer: CursorSigner, last: Row[Any] | None) -> str | None:
        """The cursor after the last row shown, if more follow."""
        return last and encode_cursor(signer, self.cursor, (last.sort_value, last.sort_tie))
