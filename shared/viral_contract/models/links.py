"""Links: the invites that people send."""

from pydantic import BaseModel, ConfigDict, Field

from viral_contract.models.values import OptionalId, OptionalText, PastTime, RequiredId

MAX_ITEMS = 10_000


class Link(BaseModel):
    """An invite: its sender and loop."""

    model_config = ConfigDict(extra="forbid")

    referrer_id: RequiredId
    source: RequiredId
    campaign: OptionalId = None
    target_url: OptionalText = None
    inserted_at: PastTime | None = Field(None, description="When it was created; default: now")


class LinkItem(Link):
    """A link in a bulk request."""

    id: RequiredId


class LinkBatch(BaseModel):
    """Body of `POST /v1/links`."""

    model_config = ConfigDict(extra="forbid")

    items: list[LinkItem] = Field(min_length=1, max_length=MAX_ITEMS)
