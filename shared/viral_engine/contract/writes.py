"""Answers of the routes that write facts."""

from typing import Annotated

from pydantic import BaseModel, Field

from viral_engine.contract.problem import FieldError


class Rejected(BaseModel):
    """An item that a partial batch left out, by its position in the batch."""

    index: int
    errors: list[FieldError]


# Only a partial batch speaks of what was left out.
RejectedItems = Annotated[list[Rejected] | None, Field(exclude_if=lambda rejected: rejected is None)]


class EventsAccepted(BaseModel):
    """How many events of the batch were stored, and how many were known already."""

    accepted: int
    duplicates: int
    rejected: RejectedItems = None


class ItemsSaved(BaseModel):
    """How many items of the batch are new, and how many replaced an older copy."""

    created: int
    replaced: int
    rejected: RejectedItems = None


class ItemSaved(BaseModel):
    """Whether the item is new or replaced an older copy."""

    id: str
    created: bool
