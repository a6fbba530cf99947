"""Answers of the routes that write facts."""

from pydantic import BaseModel

from viral_engine.contract.problem import FieldError


class Rejected(BaseModel):
    """An item that a partial batch left out, by its position in the batch."""

    index: int
    errors: list[FieldError]


class EventsAccepted(BaseModel):
    """How many events of the batch were stored, and how many were known already."""

    accepted: int
    duplicates: int
    rejected: list[Rejected] | None = None


class ItemsSaved(BaseModel):
    """How many items of the batch are new, and how many replaced an older copy."""

    created: int
    replaced: int
    rejected: list[Rejected] | None = None


class ItemSaved(BaseModel):
    """Whether the item is new or replaced an older copy."""

    id: str
    created: bool
