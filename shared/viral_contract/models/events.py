"""Attribution events as other services post them."""

from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from viral_contract.models.values import (
    OptionalHeader,
    OptionalId,
    OptionalIpAddress,
    OptionalMethod,
    OptionalText,
    PastTime,
    encode_object,
)

EventType = Literal["click", "visit", "signup", "conversion", "activation"]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
MAX_EVENTS = 10_000
MAX_METADATA_BYTES = 4096


def _encode_metadata(value: Any) -> str | None:
    return None if value is None else encode_object(value, max_bytes=MAX_METADATA_BYTES)


EncodedMetadata = Annotated[str | None, PlainValidator(_encode_metadata), WithJsonSchema({"type": ["object", "null"]})]


class Event(BaseModel):
    """An action of a person or program on an invite; `user_id` acted, `referrer_id` gets the credit."""

    model_config = ConfigDict(extra="forbid")

    event_id: UUID | None = Field(None, description="Duplicates count once; generated if absent")
    event_type: EventType
    occurred_at: PastTime | None = Field(None, description="Default: now; at most 5 minutes ahead")
    ip_address: OptionalIpAddress = None
    device_fingerprint: OptionalId = None
    link_id: OptionalId = None
    referrer_id: OptionalId = None
    user_id: OptionalId = None
    session_id: OptionalId = None
    user_agent: OptionalText = None
    referrer_url: OptionalText = None
    landing_page: OptionalText = None
    source: OptionalId = Field(None, description="The loop, if there is no link")
    http_method: OptionalMethod = Field(None, description="Method of the request, such as GET or HEAD")
    purpose: OptionalHeader = Field(None, description="The request's Sec-Purpose, Purpose or X-Purpose")
    conversion_value: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = None
    metadata: EncodedMetadata = Field(None, description="An object of at most 4 KiB")


class EventBatch(BaseModel):
    """JSON body of `POST /v1/events`."""

    model_config = ConfigDict(extra="forbid")

    events: list[Event] = Field(min_length=1, max_length=MAX_EVENTS)
