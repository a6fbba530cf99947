"""Flagged networks and referrers over a period: one row each, however many dates they were flagged on."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from viral_contract.models.case_marks import CaseMark
from viral_contract.models.guardrails import Answer, BotAnswer, FraudAnswer, NetworkEvidence, Verdict
from viral_contract.models.values import CONTROL_FREE, check_text

SortOrder = Literal["asc", "desc"]
FraudGrouping = Literal["network", "referrer"]
FraudSort = Literal[
    "network",
    "referrer",
    "networks",
    "clicks",
    "days",
    "peak_clicks",
    "devices",
    "clicks_per_device",
    "referrers",
    "top_referrer_share",
]
BotSort = Literal["device", "clicks", "fastest", "first_seen", "last_seen", "network", "referrer", "devices", "days"]
SearchText = Annotated[str, Field(max_length=128), AfterValidator(check_text), CONTROL_FREE]
"""What people type to find a row."""


class FlaggedNetwork(BaseModel):
    """A network with more clicks than the threshold on a date of the period; masked without identifiers:read."""

    ip_address: str = Field(description="The IPv4 address, or the prefix of the IPv6 network")
    ref: str
    alias: str = Field("", description="Short name that distinguishes masked rows, the same for every viewer")
    verdict: Verdict = Field(description="shared_network if it is one on each of its dates; else that of the peak date")
    clicks: int = Field(description="On the dates above the threshold")
    days: int = Field(description="Dates above the threshold")
    peak_date: date = Field(description="The date with most clicks, of those it is flagged on if it is flagged")
    peak_clicks: int
    top_referrer: str | None = Field(description="Whose links were clicked most on the peak date")
    evidence: NetworkEvidence | None = Field(description="Of the peak date; null for at most 5 clicks")
    denied: bool = Field(False, description="On the list deny, so flagged over any number of clicks")
    case: CaseMark | None = None


class ReferrerOfNetworks(BaseModel):
    """A referrer whose links were clicked from flagged networks, on the dates they are flagged."""

    referrer_id: str
    networks: int
    clicks: int = Field(description="From flagged networks, of dates with more than 5 clicks from the network")
    days: int
    total_clicks: int = Field(description="All clicks on the referrer's links in the period")


class NetworkOfDevices(BaseModel):
    """A network from which flagged devices clicked in the period; masked without identifiers:read."""

    ip_address: str = Field(description="The IPv4 address, or the prefix of the IPv6 network")
    ref: str
    alias: str = Field("", description="Short name that distinguishes masked rows, the same for every viewer")
    devices: int
    clicks: int = Field(description="Of flagged devices")
    days: int = Field(description="Dates on which they clicked")


class ReferrerOfDevices(BaseModel):
    """A referrer whose links flagged devices clicked in the period."""

    referrer_id: str
    devices: int
    clicks: int = Field(description="Of flagged devices")
    days: int = Field(description="Dates on which they clicked")


class VerdictCounts(BaseModel):
    """Networks by verdict, among those that match `q`."""

    flagged: int
    rotating: int
    shared_network: int


class FlaggedAnswer(FraudAnswer):
    """The fraud read; with `group_by` one row per network or referrer in place of the lists by date."""

    networks: list[FlaggedNetwork] = Field(default_factory=list, description="With group_by=network")
    referrers: list[ReferrerOfNetworks] = Field(default_factory=list, description="With group_by=referrer")
    counts: VerdictCounts | None = Field(None, description="With group_by=network")
    total: int | None = Field(None, description="Networks or referrers that match, with group_by")


class FlaggedDay(BaseModel):
    """What is flagged of one UTC date."""

    date: date
    clicks: int = Field(description="Of people")
    flagged_networks: int
    flagged_clicks: int = Field(description="Of those networks")
    flagged_share: float = Field(description="flagged_clicks / clicks; 0 without clicks")


class FlaggedDaysAnswer(Answer):
    """The flagged networks of each date of the period, and their share of the clicks."""

    days: list[FlaggedDay]


class FlaggedDevicesAnswer(BotAnswer):
    """The bot read; with `group_by` one row per network or referrer in place of the devices."""

    networks: list[NetworkOfDevices] = Field(default_factory=list, description="With group_by=network")
    referrers: list[ReferrerOfDevices] = Field(default_factory=list, description="With group_by=referrer")
