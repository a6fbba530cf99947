"""Investigations: activity of one IP address, device or referrer."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from viral_contract.models.entity_lists import ListName
from viral_contract.models.events import EventType
from viral_contract.models.guardrails import Answer, NetworkEvidence, Verdict
from viral_contract.models.period import PeriodAnswer
from viral_contract.models.traffic import TrafficClass

EntityKind = Literal["ip_address", "device", "referrer"]
RelatedKind = Literal["ip_addresses", "devices", "links", "referrers", "loops", "users", "user_agents"]
EventCounts = dict[EventType, int]


class Entity(BaseModel):
    """The subject of the investigation."""

    kind: EntityKind
    shown: str = Field(description="Masked without identifiers:read")
    ref: str | None = Field(description="Stands for a masked identifier; a referrer has none")
    alias: str = Field("", description="Short name that distinguishes masked rows, the same for every viewer")
    first_seen: datetime | None = Field(description="Of all that is stored; null for a referrer with links only")
    last_seen: datetime | None


class InvestigatedEvent(BaseModel):
    """One event; IP address, device, user and user agent are masked without identifiers:read."""

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
    user_agent: str | None = Field(description="Its first 200 characters; without identifiers:read only product names")
    conversion_value: float | None
    traffic_class: TrafficClass | None = Field(None, description="Of clicks and visits, once they are classified")
    traffic_reason: str | None = None


class TrafficEventsAnswer(PeriodAnswer):
    """The clicks and visits of a period that got a traffic class for one reason."""

    reason: str
    traffic_class: TrafficClass
    total_events: int = Field(description="Of the period, those that are no longer kept too")
    events: list[InvestigatedEvent] = Field(description="Newest first")
    next_cursor: str | None


class RelatedEntity(BaseModel):
    """An entity in the same events, and its count."""

    shown: str
    ref: str | None = Field(description="What investigations accept; null where the kind is not masked")
    alias: str = Field("", description="Short name that distinguishes masked rows, the same for every viewer")
    events: int
    clicks: int
    conversions: int
    first_seen: datetime
    last_seen: datetime


class RelatedEntities(BaseModel):
    """The 50 most frequent, and the total."""

    total: int
    entities: list[RelatedEntity]


class TimelineBucket(BaseModel):
    """The events of one hour or one UTC day."""

    starts_at: datetime
    counts: EventCounts


class Timeline(BaseModel):
    """Every bucket of the period, including empty ones."""

    bucket: Literal["hour", "day"] = Field(description="Hours for up to 3 days")
    buckets: list[TimelineBucket]


class Investigation(Answer):
    """Fields of every investigation."""

    entity: Entity
    rule: str = Field(description="Rule that flags this kind of entity, with the current thresholds")
    flagged: bool = Field(description="By the rule, unless a list decides")
    listed: ListName | None = Field(None, description="The list that the entity is on now; watch decides nothing")
    looked_at_events: int = Field(
        description="Newest events of the period, at most 10,000 that count and 10,000 that do not; everything here "
        "covers these"
    )
    truncated: bool = Field(description="Whether the period may have more events than were examined")
    filtered_events: int = Field(
        0,
        description="Clicks and visits among the examined events that no person made; totals, timeline and related "
        "leave them out",
    )
    looked_at_from: datetime = Field(description="Start of the time in which every event that counts was examined")
    totals: EventCounts = Field(
        description="Of the examined events; clicks, and everything for a referrer, of the period"
    )
    timeline: Timeline
    related: dict[RelatedKind, RelatedEntities]
    events: list[InvestigatedEvent] = Field(description="Newest first unless order is asc")
    total_events: int = Field(0, description="Examined events that match q and event_type")
    next_cursor: str | None


class ClicksOfDay(BaseModel):
    """A network on one UTC day; exact."""

    date: date
    clicks: int
    above_threshold: bool
    verdict: Verdict | None = Field(None, description="Null up to the threshold")
    evidence: NetworkEvidence | None = Field(None, description="What the verdict rests on")


class TrustedNetworkMatch(BaseModel):
    """The narrowest trusted network with the IP address."""

    cidr: str
    reason: str


class IpInvestigation(Investigation):
    """Activity of a network: an IPv4 address, or all IPv6 addresses with the same prefix.

    Flagged for a day that counts as fraud unless the network is trusted.
    """

    days: list[ClicksOfDay]
    trusted_network: TrustedNetworkMatch | None


class BurstsOfDay(BaseModel):
    """A device on one UTC day; exact."""

    date: date
    clicks: int
    fastest_seconds: float | None = Field(description="For the clicks of a burst; null if it took over a minute")
    flagged: bool


class Burst(BaseModel):
    """The period's shortest time for this many clicks in a row."""

    clicks: int
    seconds: float
    date: date
    first_click_at: datetime | None = Field(description="Null if it is not among the examined events")
    last_click_at: datetime | None
    within_window: bool


class DeviceInvestigation(Investigation):
    """Activity of a device, flagged for a burst of clicks."""

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
    """Activity for a referrer, flagged for a day or for its rate."""

    days: list[ConversionsOfDay]
    conversion_rate: float = Field(description="Conversions per click in the period; 1.0 without any click")
    high_conversion_rate: bool
