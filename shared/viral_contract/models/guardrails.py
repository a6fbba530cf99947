"""Answers of the guardrail reads."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from viral_contract.models.case_marks import CaseMark
from viral_contract.models.period import PeriodAnswer
from viral_contract.models.thresholds import FraudRule

HealthStatus = Literal["excellent", "good", "fair", "warning", "critical"]
HealthBasis = Literal["count", "share"]
"""What fraud and bots cost points by: the number of flagged networks and devices, or their share of the clicks."""


class Answer(PeriodAnswer):
    """Fields of every guardrail answer: period, time and thresholds used."""

    thresholds: dict[str, int | float | str]

    @property
    def limits(self) -> dict[str, int | float]:
        """The thresholds that are numbers."""
        return {name: value for name, value in self.thresholds.items() if not isinstance(value, str)}


Verdict = Literal["flagged", "rotating", "shared_network"]


class NetworkEvidence(BaseModel):
    """What a network's clicks of one UTC day say about who is behind it."""

    devices: int = Field(
        description="Distinct pairs of device_fingerprint and user_id: equal devices, such as a school's, count apart "
        "where their users are known, and so does one device with several users"
    )
    clicks_per_device: float | None = Field(description="Null without any device")
    referrers: int = Field(description="Distinct referrers")
    top_referrer_share: float = Field(description="Share of the clicks with the most frequent referrer; 1 without any")
    new_device_share: float = Field(description="Share of its devices that never clicked on an earlier date")
    sampled_devices: int | None = Field(
        None, description="Number of devices, chosen by hash, that new_device_share is of; null if it is of all"
    )


class TrustProposal(BaseModel):
    """Trust that the evidence suggests, ready to be put to `/v1/trusted-networks/{cidr}`."""

    cidr: str = Field(description="Masked without identifiers:read")
    reason: str
    expires_at: datetime = Field(description="End of the school term")


class SuspiciousIp(BaseModel):
    """One network on one UTC day with more clicks than the threshold; masked without identifiers:read."""

    date: date
    ip_address: str = Field(description="The IPv4 address, or the prefix of the IPv6 network")
    ref: str
    alias: str = Field("", description="Short name that distinguishes masked rows, the same for every viewer")
    click_count: int
    devices: int | None = Field(description="As in the evidence; null without")
    pace_per_hour: float | None = Field(description="Clicks per hour of the day with a click")
    hint: Literal["shared_network"] | None = Field(
        description="shared_network: the evidence is that of a shared network"
    )
    verdict: Verdict = "flagged"
    evidence: NetworkEvidence | None = Field(None, description="Null for at most 5 clicks, which are always flagged")
    denied: bool = Field(False, description="On the list deny, so flagged over any number of clicks")


class SharedNetwork(SuspiciousIp):
    """A network on a day on which several people shared it; it costs no points."""

    proposal: TrustProposal | None = Field(
        None, description="Present if it looks like a school: trust until the end of the term"
    )


class TrustedIp(BaseModel):
    """One IP address on one UTC day that would be flagged if its network were not trusted."""

    date: date
    ip_address: str
    ref: str
    alias: str = Field("", description="Short name that distinguishes masked rows, the same for every viewer")
    click_count: int
    cidr: str
    reason: str


class FraudAnswer(Answer):
    """Networks with too many clicks in one day, worst first; shared and trusted networks are separate.

    `next_cursor` continues the flagged and the shared ones at once.
    """

    fraud_rule: FraudRule = "network_aware"
    suspicious_ips: list[SuspiciousIp]
    shared_networks: list[SharedNetwork] = Field(default_factory=list, description="Excluded from all other counts")
    total_shared_networks: int = 0
    trusted_ips: list[TrustedIp] = Field(description="The first 50; excluded from all other counts")
    total_flagged_ips: int = Field(description="Distinct networks that are flagged or rotating")
    threshold_used: int
    next_cursor: str | None


class BotLikeDevice(BaseModel):
    """A device with a burst; clicks, first and last are those of the period."""

    device_fingerprint: str
    ref: str
    alias: str = Field("", description="Short name that distinguishes masked rows, the same for every viewer")
    total_clicks: int
    first_seen: datetime
    last_seen: datetime
    fastest_seconds: float | None = Field(description="Null for a denied device without a burst")
    denied: bool = Field(False, description="On the list deny, so flagged for any click")
    case: CaseMark | None = None


class DetectionParams(BaseModel):
    """Definition of a burst: this many clicks in a row within this time."""

    min_clicks: int
    time_window_seconds: int


class BotAnswer(Answer):
    """Devices that clicked faster than a person can, most clicks first."""

    bot_like_devices: list[BotLikeDevice]
    total_flagged_devices: int
    total: int | None = Field(None, description="Flagged devices that match `q`")
    detection_params: DetectionParams
    next_cursor: str | None


class SuspiciousReferrer(BaseModel):
    """A referrer with more conversions on one UTC day, over all loops, than the threshold."""

    date: date
    referrer_id: str
    conversion_count: int


class HighRateReferrer(BaseModel):
    """A referrer with too many conversions for its clicks in the period; without clicks the rate is 1.0."""

    referrer_id: str
    total_clicks: int
    total_conversions: int
    conversion_rate: float


class AnomalyAnswer(Answer):
    """Referrers with unusual conversion activity; `next_cursor` continues both lists at once."""

    suspicious_referrers: list[SuspiciousReferrer]
    high_conversion_rate_referrers: list[HighRateReferrer]
    total_flagged: int
    next_cursor: str | None


class ShareOptOut(BaseModel):
    """Parent shares never viewed, as a share of all."""

    total: int
    never_viewed: int
    opt_out_rate: float


class LinkOptOut(BaseModel):
    """Links never clicked, as a share of all."""

    total: int
    zero_clicks: int
    opt_out_rate: float


class StudySessionTotals(BaseModel):
    """Number of study sessions, and of their participants."""

    total: int
    avg_participants: float


class OptOutAnswer(Answer):
    """Content and links of the period without views or clicks to date; rates of nothing are 0."""

    parent_shares: ShareOptOut
    attribution_links: LinkOptOut
    study_sessions: StudySessionTotals


class Compliance(BaseModel):
    """Scanned items of one kind, those with violations, and the share of compliant ones; 1.0 if there are none."""

    total_checked: int
    violations_found: int = Field(description="Items with at least one violation that is not a false positive")
    compliance_rate: float


class CoppaAnswer(Answer):
    """Share of the period's content free of children's personal information."""

    parent_shares: Compliance
    progress_reels: Compliance
    overall_compliance_rate: float
    open_violations: int = Field(description="Unresolved violations of any item")
    not_scanned: int = Field(
        0, description="Items whose scan timed out; they count as violations until they are scanned"
    )
    target_rate: float
    target_met: bool


EventPiiType = Literal["email", "phone", "ssn", "credit_card", "street_address"]
EventPiiField = Literal[
    "landing_page",
    "referrer_url",
    "user_agent",
    "source",
    "metadata",
    "http_method",
    "purpose",
    "user_id",
    "referrer_id",
    "link_id",
    "session_id",
    "device_fingerprint",
]


class EventPiiLeak(BaseModel):
    """Events of one loop on one UTC day that carried one type of personal information in one field."""

    first_seen: date = Field(
        description="First kept UTC date, in or before the period, on which this loop leaked this type in this field"
    )
    date: date
    source: str | None = Field(description="The loop; null if the event names none")
    field: EventPiiField
    type: EventPiiType
    events: int


class LeakingLoop(BaseModel):
    """A loop whose events carried personal information in the period."""

    source: str | None = Field(description="The loop; null if the event names none")
    since: date = Field(description="First kept UTC date, in or before the period, on which it leaked")
    last_date: date = Field(description="Last UTC date of the period on which it leaked")
    fields: list[EventPiiField]
    types: list[EventPiiType]
    events: int = Field(description="Sum over its leaks in the period; an event with two of them counts twice")


class EventPiiAnswer(Answer):
    """Personal information found in events, and replaced before they were stored; most events first."""

    total: int = Field(description="Sum of the events of all leaks in the period")
    leaks: list[EventPiiLeak]
    loops: list[LeakingLoop] = Field(description="The first 50 loops, most events first")
    next_cursor: str | None


class Deductions(BaseModel):
    """Points taken from 100, by reason."""

    fraud: float
    bot_behavior: float
    opt_out_rate: float
    coppa_violations: float


DEDUCTION_LABELS = {
    "fraud": "Fraud",
    "bot_behavior": "Bots",
    "opt_out_rate": "Opt-outs",
    "coppa_violations": "COPPA",
}


class DeductionItem(BaseModel):
    """One deduction: measurement, formula and cap."""

    name: Literal["fraud", "bot_behavior", "opt_out_rate", "coppa_violations"]
    label: str
    quantity: float
    unit: str
    formula: str
    cap: float
    points: float


class BasisScore(BaseModel):
    """The score on one basis, with its deductions."""

    health_score: float
    health_status: HealthStatus
    deductions: Deductions
    deduction_items: list[DeductionItem]


class FlaggedShare(BaseModel):
    """Share of the period's clicks and conversions that is flagged; 0 if there are none."""

    clicks: float = Field(description="Clicks of flagged networks, on the dates they are flagged, of all clicks")
    conversions: float = Field(description="Conversions that K clean leaves out, of all credited to a referrer")


class Components(BaseModel):
    """The answers behind the score, with their first rows."""

    fraud: FraudAnswer
    bots: BotAnswer
    opt_outs: OptOutAnswer
    coppa: CoppaAnswer
    anomalies: AnomalyAnswer


class HealthAnswer(Answer):
    """The 0-100 health score with its deductions.

    If `has_data` is false, there was no data. If `is_partial`, dates of the period are purged: what was flagged on
    them is no longer known, so score, status, flags and their deductions mean nothing.
    """

    health_score: float = Field(description="On the basis in use, as are status and deductions")
    health_status: HealthStatus
    has_data: bool
    is_partial: bool = False
    last_event_at: datetime | None
    basis: HealthBasis = Field(description="HEALTH_SCORE_BASIS")
    by_count: BasisScore
    by_share: BasisScore
    flagged_share: FlaggedShare
    deductions: Deductions
    deduction_items: list[DeductionItem]
    components: Components

    @property
    def is_known(self) -> bool:
        """Whether the score is meaningful."""
        return self.has_data and not self.is_partial


class ComparedHealthAnswer(HealthAnswer):
    """The score of a period, and that of the one it is compared with."""

    previous: HealthAnswer | None = Field(None, description="Null unless `compare` is given")
