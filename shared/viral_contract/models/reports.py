"""Performance reports: asking for one, its state, and its content."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from viral_contract.models.cases import CaseKind, CaseRule, CaseVerdict
from viral_contract.models.cohort_k import CohortKHeadline
from viral_contract.models.growth import GrowthCounts, HonestChange, LoopPerformance, Trend, Verdict
from viral_contract.models.guardrails import HealthBasis, HealthStatus
from viral_contract.models.period import MAX_DAYS
from viral_contract.models.values import STORABLE, EmailAddress, IsoDate, PastDate

ReportType = Literal["weekly", "monthly", "custom"]
RunStatus = Literal["queued", "running", "ready", "restated", "failed", "skipped"]
DeliveryStatus = Literal["none", "placeholder", "in_progress", "sent", "partial", "failed"]
WrittenBy = Literal["rules", "model"]
ExportFormat = Literal["pdf", "html", "csv", "json"]


class ReportRequest(BaseModel):
    """Report to generate; `period_*` only for custom reports, both dates included."""

    model_config = ConfigDict(extra="forbid")

    report_type: ReportType
    period_start: IsoDate | None = None
    period_end: PastDate | None = None
    recipient_emails: Annotated[list[EmailAddress], Field(max_length=100)] = []

    @model_validator(mode="after")
    def check_period(self) -> Self:
        """Refuse a period if the type decides it, and a custom report without a valid one."""
        if self.report_type != "custom":
            if self.period_start or self.period_end:
                raise ValueError("period_start and period_end are for custom reports only")
            return self
        if self.period_start is None or self.period_end is None:
            raise ValueError("a custom report needs period_start and period_end")
        days = (self.period_end - self.period_start).days + 1
        if not 1 <= days <= MAX_DAYS:
            raise ValueError(f"the period must have 1 to {MAX_DAYS} days, not {days}")
        return self


class ReportRequested(BaseModel):
    """The run that generates the report."""

    id: int
    status: RunStatus


class LoopInReport(BaseModel):
    """One loop, compared with the previous period."""

    source: str
    name: str
    invites: int
    clicks: int
    conversions: int
    k_factor: float
    conversion_rate: float
    previous_k_factor: float | None = None
    flagged_conversions: int = 0
    k_factor_clean: float | None = None
    under_review: bool = Field(False, description="At least 5% of its conversions were flagged")


class ReferrerInReport(BaseModel):
    """One of the ten referrers with the most conversions."""

    id: str
    invites: int
    conversions: int
    k_contribution: float
    conversion_rate: float
    under_review: bool = Field(
        False,
        description="A case flagged it or was judged fraud, or half of its conversions were flagged, at the time",
    )


class Insight(BaseModel):
    """One insight: a sentence, its rule, interval and sample."""

    rule: Annotated[str, STORABLE]
    text: Annotated[str, STORABLE]
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    sample: int | None = None


class FunnelStepInReport(BaseModel):
    """One step of the funnel."""

    name: str
    people: int
    step_rate: float
    overall_rate: float


class DayInReport(BaseModel):
    """One date of the report's chart."""

    date: date
    invites: int
    clicks: int
    conversions: int
    k_factor: float


class ReportFigures(BaseModel):
    """The figures of a report whose change restates it, and what is shown with them."""

    k_factor: float
    k_factor_clean: float
    total_invites: int
    total_clicks: int
    total_conversions: int
    health_score: float | None
    health_status: HealthStatus | None


class RestatingCase(BaseModel):
    """A case about the report's period that was opened or decided after the report; of several changes the last."""

    case_id: int
    kind: CaseKind
    rules: list[CaseRule]
    change: Literal["opened", "undone"] | CaseVerdict
    conversions: int = Field(description="Conversions of the period that are at stake in it")


class Restatement(BaseModel):
    """What a report replaces, and why. Figures of late data are differences; they fall where data was erased."""

    report_id: int = Field(description="The report that is replaced")
    snapshot_at: datetime
    figures: ReportFigures
    cases: list[RestatingCase] = Field(description="Most conversions first, at most 20")
    total_cases: int
    late_invites: int
    late_clicks: int
    late_conversions: int
    late_content: bool = Field(description="Whether shares, reels or their views changed the health score")

    @property
    def rules(self) -> list[CaseRule]:
        """The rules of the cases."""
        return list(dict.fromkeys(rule for case in self.cases for rule in case.rules))


def clean_k_of(loop: LoopPerformance) -> float:
    """A loop's K without flagged conversions; in older reports, with them."""
    return loop.k_factor if loop.k_factor_clean is None else loop.k_factor_clean


def rank_loop(loop: LoopPerformance) -> tuple[float, int, str]:
    """The key by which loops are ranked."""
    return -clean_k_of(loop), -loop.clean_conversions, loop.source


_NOTHING_TO_JUDGE: dict[str, Any] = {
    "health_score": None,
    "health_status": None,
    "deductions": {},
    "compliance_rate": None,
    "flagged_ips": None,
    "flagged_devices": None,
}


class ReportFacts(BaseModel):
    """One consistent snapshot of a report's figures; numbers only, no devices or IP addresses.

    Unknown values are null: score, compliance and flags of a period without data; score, flags and their deductions if
    dates of the period are purged. Nothing is compared if the period was in progress.
    """

    report_type: ReportType
    period_start: date
    period_end: date
    snapshot_at: datetime
    is_over: bool = True
    has_data: bool
    current: GrowthCounts
    previous: GrowthCounts
    k_factor_clean: float
    k_factor_trend: Trend
    k_factor_change_pct: float | None
    k_factor_verdict: Verdict
    invites_per_user_effect: float
    conversions_per_invite_effect: float
    conversion_trend: Trend
    conversion_change_pct: float | None
    conversion_verdict: Verdict
    loops: list[LoopPerformance]
    previous_loops: list[LoopPerformance]
    top_referrers: list[ReferrerInReport]
    funnel: list[FunnelStepInReport]
    timeline: list[DayInReport]
    health_score: float | None
    health_status: HealthStatus | None
    health_basis: HealthBasis = "count"
    previous_health_score: float | None
    deductions: dict[str, float]
    compliance_rate: float | None
    flagged_ips: int | None
    flagged_devices: int | None
    restatement: Restatement | None = None
    change: HonestChange | None = Field(None, description="Null if nothing is compared, and in older reports")
    honest_k: CohortKHeadline | None = Field(None, description="As of the end of the period; null while none matured")

    @model_validator(mode="before")
    @classmethod
    def forget_what_nothing_shows(cls, values: Any) -> Any:
        """Remove the perfect score that earlier releases stored for a period without data."""
        is_empty = isinstance(values, dict) and values.get("has_data") is False
        return {**values, **_NOTHING_TO_JUDGE} if is_empty else values

    @property
    def verdict(self) -> Verdict:
        """Whether the honest change of K is more than chance; in older reports, the change of the K-factor."""
        return self.change.verdict if self.change else self.k_factor_verdict

    @property
    def ranked_loops(self) -> list[LoopPerformance]:
        """The loops that are not under review, the highest K without flagged conversions first."""
        return sorted((loop for loop in self.loops if not loop.is_under_review), key=rank_loop)

    @property
    def figures(self) -> ReportFigures:
        """The figures whose change restates the report."""
        return ReportFigures(
            k_factor=self.current.k_factor,
            k_factor_clean=self.k_factor_clean,
            total_invites=self.current.total_invites,
            total_clicks=self.current.total_clicks,
            total_conversions=self.current.total_conversions,
            health_score=self.health_score,
            health_status=self.health_status,
        )

    @property
    def fraud_flags(self) -> int | None:
        """Flagged IP addresses and devices together."""
        return (
            None
            if self.flagged_ips is None or self.flagged_devices is None
            else self.flagged_ips + self.flagged_devices
        )

    @property
    def missing(self) -> str:
        """Text for a guardrail figure that is null."""
        return "not known" if self.has_data else "no data"

    @property
    def k_is_known(self) -> bool:
        """Whether the period still has data about inviting users."""
        return not self.current.is_partial or self.current.active_users > 0

    @property
    def k_is_partial(self) -> bool:
        """Whether K cannot be compared because dates of either period are purged."""
        return self.current.is_partial or self.previous.is_partial


class FinishedReport(BaseModel):
    """The report that a worker submits."""

    insights: Annotated[list[Insight], Field(max_length=1000)]
    recommendations: Annotated[list[Annotated[str, STORABLE]], Field(max_length=1000)]
    written_by: WrittenBy
    html: Annotated[str, STORABLE]


class ReportSummary(BaseModel):
    """A report in the list."""

    id: int
    report_type: ReportType
    period_start: date
    period_end: date
    status: RunStatus
    progress_pct: int
    progress_step: str
    attempt: int
    max_attempts: int
    last_error: str | None
    requested_by: str
    created_at: datetime
    finished_at: datetime | None
    k_factor: float | None
    k_factor_trend: Trend | None
    k_factor_verdict: Verdict | None = Field(None, description="Of the honest change of K")
    honest_k: float | None = Field(None, description="Cohort K as of the end of the period")
    health_score: float | None
    health_missing: Literal["no data", "not known"] | None = Field(None, description="Why there is no score")
    delivery_status: DeliveryStatus
    restates: int | None = Field(None, description="The report that this one replaces")
    restated_by: int | None = Field(None, description="The report that replaces this one")

    @property
    def is_written(self) -> bool:
        """Whether it can be read: it is ready, replaced by another one or not."""
        return self.status in ("ready", "restated")


class ReportsAnswer(BaseModel):
    """Reports, newest first."""

    reports: list[ReportSummary]
    total_reports: int
    next_cursor: str | None


class Report(ReportSummary):
    """One report; its content is there once it is ready."""

    k_factor_change_pct: float | None = None
    total_conversions: int | None = None
    conversion_rate: float | None = None
    conversion_trend: Trend | None = None
    active_users: int | None = None
    viral_links_created: int | None = None
    viral_links_clicked: int | None = None
    loop_performance: dict[str, LoopInReport] = {}
    top_referrers: list[ReferrerInReport] = []
    insights: list[Insight] = []
    recommendations: list[str] = []
    compliance_rate: float | None = None
    fraud_flags: int | None = None
    written_by: WrittenBy | None = None
    delivered_at: datetime | None = None
    recipient_emails: list[str] = []
    facts: ReportFacts | None = None
