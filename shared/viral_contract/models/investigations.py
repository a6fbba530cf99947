"""What one address, device or referrer did, and with whom."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from viral_contract.models.events import EventType
from viral_contract.models.guardrails import Answer

EntityKind = Literal["ip_address", "device", "referrer"]
RelatedKind = Literal["ip_addresses", "devices", "links", "referrers", "loops", "users", "user_agents"]
EventCounts = dict[EventType, int]


class Entity(BaseModel):
    """Whom the investigation is about."""

    kind: EntityKind
    shown: str = Field(description="Masked without identifiers:read")
    ref: str | None = Field(description="Stands for a masked identifier; a referrer has none")
    alias: str = Field("", description="A short name, alike for everybody, that tells masked rows apart")
    first_seen: datetime | None = Field(description="Of all that is stored; null for a referrer with links only")
    last_seen: datetime | None


class InvestigatedEvent(BaseModel):
    """One event; address, device, user and user agent are masked without identifiers:read."""

    occurred_at: datetime
    event_type: EventType
    ip_address: str | None
    ip_ref: str | None
    ip_alias: str | None = None
    device_fingerprint: str | None
    device_ref: str | None
    device_alias: str | None = None
    link_id: str | None
    referrer_id: str | None
    source: str | None
    user_id: str | None
    user_alias: str | None = None
    user_agent: str | None = Field(description="Its first 200 characters; without identifiers:read product names alone")
    conversion_value: float | None


class RelatedEntity(BaseModel):
    """What occurs in the same events, and how often."""

    shown: str
    ref: str | None = Field(description="What investigations accept; null where the kind is not masked")
    alias: str = Field("", description="A short name, alike for everybody, that tells masked rows apart")
    events: int
    clicks: int
    conversions: int
    first_seen: datetime
    last_seen: datetime


class RelatedEntities(BaseModel):
    """The 50 that occur most often, of so many."""

    total: int
    entities: list[RelatedEntity]


class TimelineBucket(BaseModel):
    """The events of one hour or one UTC day."""

    starts_at: datetime
    counts: EventCounts


class Timeline(BaseModel):
    """Every bucket of the period, the empty ones too."""

    bucket: Literal["hour", "day"] = Field(description="Hours for up to 3 days")
    buckets: list[TimelineBucket]


class Investigation(Answer):
    """What every investigation answers."""

    entity: Entity
    rule: str = Field(description="What flags such an entity, under the thresholds of this answer")
    flagged: bool
    looked_at_events: int = Field(description="The newest of the period, at most 10,000; everything here is of these")
    truncated: bool = Field(description="Whether the period holds more events than were looked at")
    looked_at_from: datetime = Field(description="Since when every event was looked at")
    totals: EventCounts = Field(description="Of the events looked at; clicks, and all of a referrer, of the period")
    timeline: Timeline
    related: dict[RelatedKind, RelatedEntities]
    events: list[InvestigatedEvent] = Field(description="The newest first")
    next_cursor: str | None


class ClicksOfDay(BaseModel):
    """An address on one UTC day; exact."""

    date: date
    clicks: int
    above_threshold: bool


class TrustedNetworkMatch(BaseModel):
    """The narrowest trusted network that holds the address."""

    cidr: str
    reason: str


class IpInvestigation(Investigation):
    """What an address did; it is flagged for a day above the threshold, unless its network is trusted."""

    days: list[ClicksOfDay]
    trusted_network: TrustedNetworkMatch | None


class BurstsOfDay(BaseModel):
    """A device on one UTC day; exact."""

    date: date
    clicks: int
    fastest_seconds: float | None = Field(description="For the clicks of a burst; null when it took over a minute")
    flagged: bool


class Burst(BaseModel):
    """The shortest time of the period for this many clicks in a row."""

    clicks: int
    seconds: float
    date: date
    first_click_at: datetime | None = Field(description="Null when it is not among the events looked at")
    last_click_at: datetime | None
    within_window: bool


class DeviceInvestigation(Investigation):
    """What a device did; it is flagged for a burst of clicks."""

    days: list[BurstsOfDay]
    bursts: list[Burst]


class ConversionsOfDay(BaseModel):
    """A referrer on one UTC day, over all loops; exact."""

    date: date
    invites: int
    clicks: int
    conversions: int
    above_threshold: bool


class ReferrerInvestigation(Investigation):
    """What happened in a referrer's name; it is flagged for a day or for its rate."""

    days: list[ConversionsOfDay]
    conversion_rate: float = Field(description="Conversions per click in the period; 1.0 without any click")
    high_conversion_rate: bool
