"""Lists of entities: what admins allow, deny or watch."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from viral_contract.models.values import FutureTime, Note

ListName = Literal["allow", "deny", "watch"]
"""In the order in which they are looked at, rules come after deny: allow beats deny, deny beats rules."""
ListKind = Literal["network", "device", "referrer", "user_agent", "link"]


class ListEntryRequest(BaseModel):
    """Why an entity is on a list, and until when."""

    model_config = ConfigDict(extra="forbid")

    reason: Note
    expires_at: FutureTime | None = Field(None, description="No expiration if absent")


class ListEntry(BaseModel):
    """An entity on a list."""

    list: ListName
    kind: ListKind
    value: str = Field(description="Networks, devices and user agents are masked without identifiers:read")
    ref: str | None = Field(description="Stands for the value in paths; null where the kind is not masked")
    alias: str = Field(description="Short name that distinguishes masked rows, the same for every viewer")
    reason: str
    expires_at: datetime | None
    created_at: datetime
    created_by: str
    active: bool = Field(description="False once it has expired")


class ListEntriesAnswer(BaseModel):
    """A page of entries by list, kind and value, including expired ones."""

    entries: list[ListEntry]
    total: int = Field(description="Entries that match the filter")
    next_cursor: str | None
