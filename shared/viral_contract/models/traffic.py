"""Clicks and visits by who made them: people, link previews, bots and other programs."""

from datetime import date, datetime
from typing import Literal, get_args

from pydantic import BaseModel, Field

from viral_contract.models.period import PeriodAnswer

TrafficClass = Literal["prefetch", "preview", "known_bot", "library", "human", "unknown"]
TRAFFIC_CLASSES: tuple[TrafficClass, ...] = get_args(TrafficClass)
PEOPLE: tuple[TrafficClass, ...] = ("human", "unknown")
"""The classes that count as people; the others are filtered: stored and shown, and left out of every figure."""
TrafficGrouping = Literal["day", "source"]


class ClassShare(BaseModel):
    """Clicks and visits of one class, and its share of all clicks."""

    traffic_class: TrafficClass
    clicks: int
    visits: int
    share: float = Field(description="Of all clicks of the period, of people or not")


class TrafficReason(BaseModel):
    """Why clicks and visits got their class."""

    reason: str = Field(
        description="Pattern and tag such as `Googlebot/ (search-engine)`, `method: HEAD`, `purpose: prefetch`, "
        "`app: ` and a pattern of APP_USER_AGENTS, `datacentre`, or `spoofed_bot`"
    )
    traffic_class: TrafficClass
    events: int = Field(description="Clicks and visits")
    clicks: int
    sample: str | None = Field(description="User agent of one of the events, while it is kept")


class TrafficGroup(BaseModel):
    """The clicks of one UTC date or one loop, by class."""

    group: str = Field(description="A date, or the loop's name; empty where no loop is known")
    clicks: int
    filtered: int = Field(description="Clicks that no person made")
    filtered_share: float
    by_class: dict[TrafficClass, int]


class TrafficLoop(BaseModel):
    """The clicks of one loop, and which of them no person made on each date."""

    source: str = Field(description="Empty where no loop is known")
    clicks: int
    filtered: int = Field(description="Clicks that no person made")
    filtered_share: float
    filtered_by_day: dict[date, int] = Field(description="Without dates that have none")


class DatacentreNetworks(BaseModel):
    """The file of datacenter networks in use, and the people's clicks from them."""

    dated: date | None
    networks: int
    clicks_of_people: int


class TrafficAnswer(PeriodAnswer):
    """Clicks and visits of a period by class, with the reasons."""

    classes: list[ClassShare] = Field(description="Every class, in the order in which they are decided")
    reasons: list[TrafficReason] = Field(description="Most events first; people without a reason are not listed")
    filtered_share: float = Field(description="Share of all clicks that no person made")
    groups: list[TrafficGroup] = Field(
        description="By `group_by`: dates in order, loops with the most filtered clicks first; empty without it"
    )
    total_groups: int = Field(0, description="Dates with clicks or visits, or loops, on all pages together")
    next_cursor: str | None = Field(None, description="Cursor of the next page of groups; null on the last page")
    loops: list[TrafficLoop] = Field([], description="With `loops`: so many, the most filtered clicks first")
    total_loops: int = Field(0, description="How many loops there are, with `loops`")
    is_classified: bool = Field(
        True, description="False while stored clicks and visits of the period have no class yet; they count as people"
    )
    classifier_version: str
    classified_at: datetime | None = Field(
        None, description="When stored events were last classified again, for this version; null before the first time"
    )
    app_user_agents: list[str] = Field(description="Patterns that always count as people")
    datacentre_networks: DatacentreNetworks | None = Field(None, description="Null without a file")
