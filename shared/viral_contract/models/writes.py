"""Answers of the routes that write facts."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from viral_contract.models.problem import FieldError


class Rejected(BaseModel):
    """An item left out of a partial batch, by its position."""

    index: int
    errors: list[FieldError] = Field(description="Empty if 100 errors of other items are already listed")


# Only a partial batch reports what was left out.
RejectedItems = Annotated[list[Rejected] | None, Field(exclude_if=lambda rejected: rejected is None)]
MoreErrors = Annotated[
    int,
    Field(exclude_if=lambda number: number == 0, description="Number of errors in addition to those listed; absent: 0"),
]


def _counted_late(description: str) -> Any:
    return Field(0, description=description, exclude_if=lambda count: not count)


def _said_late(description: str) -> Any:
    return Field(False, description=f"{description}; absent where it is not so", exclude_if=lambda is_late: not is_late)


class EventsAccepted(BaseModel):
    """Number of stored events in the batch, and of duplicates.

    Together with expired, erased and rejected ones they add up to the events sent.
    """

    accepted: int
    duplicates: int
    expired: int = _counted_late("Not stored: dated before what was purged; absent where none are")
    erased: int = _counted_late("Not stored: about a subject that was erased after their date; absent where none are")
    rejected: RejectedItems = None
    more_errors: MoreErrors = 0


class ItemsSaved(BaseModel):
    """Number of new items in the batch, and of replaced ones."""

    created: int
    replaced: int
    expired: int = _counted_late("Not stored: dated before what was purged; absent where none are")
    erased: int = _counted_late("Not stored: about a person who was erased after their date; absent where none are")
    rejected: RejectedItems = None
    more_errors: MoreErrors = 0


class ItemSaved(BaseModel):
    """Whether the item is new or replaced an existing one."""

    id: str
    created: bool
    expired: bool = _said_late("Not stored: dated before what was purged")
    erased: bool = _said_late("Not stored: about a person who was erased after its date")
