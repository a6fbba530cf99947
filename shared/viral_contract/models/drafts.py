"""Drafts of thresholds: what other settings would have found in the past, or find now beside the live ones."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    field_validator,
    model_validator,
)

from viral_contract.models.alerts import AlertSeverity, AlertType
from viral_contract.models.period import MAX_DAYS, Period, PeriodAnswer
from viral_contract.models.thresholds import Overrides
from viral_contract.models.values import CONTROL_FREE, IsoDate, PastDate, check_text
from viral_contract.models.what_if import NotApplicable

ReplayedKind = Literal["network", "device", "referrer"]
DraftStatus = Literal["replaying", "done", "promoted"]
CurveSetting = Literal[
    "fraud_ip_click_threshold",
    "bot_rapid_click_threshold",
    "bot_rapid_click_window_seconds",
    "conversion_anomaly_daily_threshold",
    "conversion_anomaly_threshold",
]
DraftName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=120),
    AfterValidator(check_text),
    CONTROL_FREE,
]


class DraftSettings(Overrides):
    """The thresholds of a draft, which are numbers: neither texts nor truth values stand for them."""

    model_config = ConfigDict(strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def read_whole_number(cls, value: Any) -> Any:
        """JSON has one kind of number: 5.0 is the integer 5."""
        return int(value) if isinstance(value, float) and value.is_integer() else value


class DraftRequest(BaseModel):
    """Settings to try over a kept period."""

    model_config = ConfigDict(extra="forbid")

    name: DraftName
    settings: DraftSettings = Field(
        description="The thresholds that differ from the live ones, named like their settings"
    )
    start: IsoDate = Field(description="First UTC date to replay")
    end: PastDate = Field(description="Last UTC date to replay, today at the latest")
    shadow: StrictBool = Field(False, description="Also judge new events by the draft, without points, alerts or cases")

    @model_validator(mode="after")
    def check_period(self) -> Self:
        """Refuse a reversed or overlong period."""
        days = (self.end - self.start).days + 1
        if days < 1:
            raise ValueError(f"end {self.end} is before start {self.start}")
        if days > MAX_DAYS:
            raise ValueError(f"the period has {days} days; at most {MAX_DAYS} are allowed")
        return self


class DraftCreated(BaseModel):
    """The draft that was created."""

    id: int


class Draft(BaseModel):
    """A draft, and how far its replay is."""

    id: int
    name: str
    status: DraftStatus
    settings: dict[str, int | float | str]
    period: Period
    shadow_since: date | None = Field(description="First UTC date on which it ran beside the live settings")
    done_days: int
    total_days: int
    created_at: datetime
    created_by: str

    def period_until(self, today: date) -> Period:
        """What it is judged over: its replay, up to today while it runs beside the live settings."""
        return Period.between(self.period.start, max(self.period.end, today)) if self.shadow_since else self.period


class DraftsAnswer(BaseModel):
    """A page of drafts, newest first."""

    drafts: list[Draft]
    total_drafts: int
    next_cursor: str | None


class VerdictSplit(BaseModel):
    """How many of these were judged, and as what."""

    fraud: int = 0
    legitimate: int = 0
    unsure: int = 0
    none: int = 0


class ReplayedEntity(BaseModel):
    """One network, device or referrer that either settings flag."""

    kind: ReplayedKind
    entity: str = Field(description="Masked without identifiers:read; a referrer is never masked")
    ref: str | None
    alias: str = Field("", description="Short name that distinguishes masked rows, the same for every viewer")
    peak: float | None = Field(
        description="Most clicks on a day of a network, fastest burst in seconds of a device, most conversions on a "
        "day of a referrer; null for a referrer flagged for its rate"
    )
    verdict: Literal["fraud", "legitimate", "unsure"] | None


class Difference(BaseModel):
    """Those whose flag changes, or does not."""

    count: int
    by_verdict: VerdictSplit
    first: list[ReplayedEntity] = Field(description="The first ones, 100 if not asked for more, highest peaks first")


class DraftAlert(BaseModel):
    """An alert that would have opened at the end of a date."""

    date: date
    type: AlertType
    severity: AlertSeverity
    message: str


class DraftDay(BaseModel):
    """The 7 days that end with a date, under the draft and under the live settings."""

    date: date
    health_score: float
    k_factor_clean: float
    live_health_score: float
    live_k_factor_clean: float


class DraftAnswer(Draft, PeriodAnswer):
    """What the draft changes. `days` and alerts cover the days that are replayed so far.

    `period` is what was judged: the replayed dates, up to today while it runs as a shadow.
    """

    replayed: Period = Field(description="The dates that the draft names")
    live_settings: dict[str, int | float | str] = Field(description="Live values of all thresholds")

    newly_flagged: Difference
    no_longer_flagged: Difference
    unchanged: Difference
    alerts: list[DraftAlert]
    live_alerts: list[DraftAlert]
    cases_per_week: float = Field(description="Networks, devices and referrers flagged, per 7 days")
    live_cases_per_week: float
    days: list[DraftDay]
    helm_values: str = Field(description="YAML for the chart that makes the draft live; empty if nothing differs")
    not_applicable: list[NotApplicable]
    is_live: bool = Field(description="Whether the live settings are those of the draft")


class CurvePoint(BaseModel):
    """How many are flagged if the setting has this value."""

    value: float
    flagged: int
    by_verdict: VerdictSplit


class CurveAnswer(PeriodAnswer):
    """How many are flagged, by the value of one setting; the others as they are live."""

    setting: CurveSetting
    kind: ReplayedKind
    live_value: float
    points: list[CurvePoint]
