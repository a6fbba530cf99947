"""Answers of the routes that write facts."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from viral_contract.models.problem import FieldError


class Rejected(BaseModel):
    """An item that a partial batch left out, by its position in the batch."""

    index: int
    errors: list[FieldError] = Field(description="Empty where 100 errors of other items are listed already")


# Only a partial batch speaks of what was left out.
RejectedItems = Annotated[list[Rejected] | None, Field(exclude_if=lambda rejected: rejected is None)]
MoreErrors = Annotated[
    int,
    Field(
        exclude_if=lambda number: number == 0, description="How many values are wrong beside the listed ones; absent: 0"
    ),
]


def _counted_late(description: str) -> Any:
    return Field(0, description=description, exclude_if=lambda count: not count)


def _said_late(description: str) -> Any:
    return Field(False, description=f"{description}; absent where it is not so", exclude_if=lambda is_late: not is_late)


class EventsAccepted(BaseModel):
    """How many events of the batch were stored, and how many were known already.

    With those that came too late and those that were rejected they add up to what was sent.
    """

    accepted: int
    duplicates: int
    expired: int = _counted_late("Not stored: dated before what was purged; absent where none are")
    erased: int = _counted_late("Not stored: of a subject that was erased after their date; absent where none are")
    rejected: RejectedItems = None
    more_errors: MoreErrors = 0


class ItemsSaved(BaseModel):
    """How many items of the batch are new, and how many replaced an older copy."""

    created: int
    replaced: int
    expired: int = _counted_late("Not stored: dated before what was purged; absent where none are")
    erased: int = _counted_late("Not stored: of somebody who was erased after their date; absent where none are")
    rejected: RejectedItems = None
    more_errors: MoreErrors = 0


class ItemSaved(BaseModel):
    """Whether the item is new or replaced an older copy."""

    id: str
    created: bool
    expired: bool = _said_late("Not stored: dated before what was purged")
    erased: bool = _said_late("Not stored: of somebody who was erased after its date")
