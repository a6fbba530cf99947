"""Cases: who or what a rule accuses, what is at stake, and what a person decided."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool

from viral_contract.models.case_marks import CaseStatus as CaseStatus
from viral_contract.models.case_marks import CaseVerdict as CaseVerdict
from viral_contract.models.growth import Interval
from viral_contract.models.referrer_evidence import ReferrerRule, RuleEvidence
from viral_contract.models.values import CONTROL_FREE, FutureTime, OptionalNote, check_text

CaseKind = Literal["referrer", "device", "network", "link"]
EntityRule = Literal["over_limit", "rotating", "burst", "denied", "watched"]
CaseRule = ReferrerRule | EntityRule
CaseOrder = Literal["stake", "newest"]
VerdictReason = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(check_text), CONTROL_FREE]


class Stake(BaseModel):
    """What is credited to the entity of a case."""

    clicks: int
    conversions: int


class Decision(BaseModel):
    """What a person decided about a case."""

    id: int = Field(description="Of the verdict, by which it is undone")
    verdict: CaseVerdict
    reason: str
    note: str | None
    until: datetime | None = Field(description="When the verdict ends; null without an end")
    decided_at: datetime
    decided_by: str


class Case(BaseModel):
    """One entity that rules accuse. At most one case of an entity is open."""

    id: int
    kind: CaseKind
    entity: str = Field(description="Masked without identifiers:read; referrers and links are never masked")
    ref: str | None = Field(description="Stands for a masked identifier; null where the kind is not masked")
    alias: str = Field("", description="Short name that distinguishes masked rows, the same for every viewer")
    source: str | None = Field(description="The loop with most of its clicks and conversions")
    rules: list[CaseRule] = Field(description="Those that flag first")
    strength: Literal["flags", "looks"] = Field(description="flags if one of its rules flags")
    status: CaseStatus
    verdict: CaseVerdict | None
    decision: Decision | None
    stake: Stake
    first_seen: datetime
    last_seen: datetime
    opened_at: datetime
    evidence: list[RuleEvidence] = Field(description="One entry a rule, those that flag first")


class CaseCounts(BaseModel):
    """How many cases there are in each status, whatever the filter."""

    open: int
    decided: int
    closed: int


class Decisions(BaseModel):
    """Decisions of the last 30 days, without those that were undone."""

    fraud: int = 0
    legitimate: int = 0
    unsure: int = 0
    precision: float | None = Field(None, description="Fraud, of fraud and legitimate")
    precision_interval: Interval | None = Field(None, description="95% Wilson interval of precision")


class CasesAnswer(BaseModel):
    """A page of cases; `stake` counts each conversion once over all that match."""

    cases: list[Case]
    total: int = Field(description="Cases that match the filter")
    counts: CaseCounts
    stake: Stake
    flagged_conversions: int = Field(description="Of the stake's conversions, those of cases that flag")
    decisions: Decisions = Field(default_factory=Decisions)
    computed_at: datetime
    next_cursor: str | None


class VerdictRequest(BaseModel):
    """What a person decides."""

    model_config = ConfigDict(extra="forbid")

    verdict: CaseVerdict
    reason: VerdictReason
    note: OptionalNote = None
    until: FutureTime | None = Field(None, description="No end if absent")
    change: StrictBool = Field(False, description="Decide it although it is decided")


class BulkVerdictRequest(VerdictRequest):
    """One verdict about several cases, in one transaction."""

    ids: list[Annotated[int, Field(ge=1, lt=2**63)]] = Field(min_length=1, max_length=100)


class BulkVerdictAnswer(BaseModel):
    """What was decided at once; `undo_id` undoes it as one."""

    cases: list[Case]
    undo_id: int


class VerdictEffect(BaseModel):
    """What a verdict would change; nothing is stored."""

    k_factor_clean_now: float
    k_factor_clean: float
    conversions: int = Field(description="Conversions whose credibility would change")
    credibility: Literal["credible", "doubtful", "not_credible"] = Field(description="Of its conversions afterwards")
    restated_reports: list[int] = Field(
        description="Reports that would be restated, of the newest 10 about its dates: K would change by more than 5%, "
        "or the health status"
    )


class GraphNode(BaseModel):
    """One of at most 50 things that a case touches."""

    id: str
    kind: Literal["referrer", "invitee", "device", "network", "link", "more"]
    label: str = Field(description="Masked without identifiers:read")
    ref: str | None
    suspicious: bool = False


class GraphEdge(BaseModel):
    """That two nodes were seen in one event."""

    source: str
    target: str
    events: int
    suspicious: bool = Field(description="A finding rests on it")


class CaseGraph(BaseModel):
    """What a case touches."""

    nodes: list[GraphNode]
    edges: list[GraphEdge]
    left_out: int = Field(description="Nodes beyond the limit")


class LinkedCase(BaseModel):
    """An open case about a device or a network that another case's events came from."""

    id: int
    kind: CaseKind
    entity: str = Field(description="Masked without identifiers:read")
    alias: str
    shared: bool = Field(description="Events of other referrers came from it, too")


class LinkedCases(BaseModel):
    """The open cases about the devices and networks of a case, those with most conversions first."""

    cases: list[LinkedCase]


class TimelineEntry(BaseModel):
    """Something that happened to a case."""

    at: datetime
    kind: Literal["opened", "rule", "verdict", "undo", "closed", "reopened"]
    text: str
    rules: list[CaseRule] = Field(default_factory=list, description="That opened it, were added or found it again")
    actor: str | None


class CaseBucket(BaseModel):
    """Clicks and conversions of a case on one UTC day."""

    date: str
    clicks: int
    conversions: int


class CaseTimeline(BaseModel):
    """The days of a case, and what happened to it, newest first."""

    days: list[CaseBucket]
    entries: list[TimelineEntry]
