"""Alerts: their evidence and the actions on them."""

from datetime import date, datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from viral_contract.models.guardrails import HealthStatus
from viral_contract.models.period import Period
from viral_contract.models.series import SeriesMetric
from viral_contract.models.values import FutureTime, OptionalNote

AlertType = Literal[
    "coppa_violation",
    "fraud_detection",
    "conversion_anomaly",
    "pii_in_events",
    "no_data",
    "bot_detection",
    "high_opt_out",
    "growth_change",
    "k_fell",
]
AlertSeverity = Literal["critical", "high", "medium"]
AlertStatus = Literal["open", "acknowledged", "snoozed", "resolved", "false_positive"]
StatusFilter = Literal["open", "acknowledged", "snoozed", "resolved", "false_positive", "unresolved", "ended", "all"]
AlertAction = Literal["acknowledge_alert", "snooze_alert", "resolve_alert", "call_alert_false_positive", "reopen_alert"]
AlertSort = Literal["severity", "opened", "type"]
EvidenceUnit = Literal["clicks", "conversions", "rate", "minutes", "items", "events", "signups", "invites"]


class EvidenceRow(BaseModel):
    """One row of evidence, masked without identifiers:read; investigations accept its `ref`."""

    label: str
    ref: str
    alias: str = Field("", description="Short name that distinguishes masked rows, the same for every viewer")
    day: date | None = Field(None, description="UTC date of the count, if counted by date")
    unit: EvidenceUnit | None = Field(None, description="Unit of the value; a rate is a fraction")
    value: float = Field(description="Clicks, conversions, events or a rate")
    metric: SeriesMetric | None = Field(None, description="What a growth_change is of, as in /v1/growth/series")
    source: str | None = Field(None, description="Loop of a growth_change; null for all together")
    expected: float | None = Field(None, description="What the value is compared with, of growth_change and k_fell")
    z: float | None = Field(None, description="How far the value is from it; above 0 where it is larger")


class Evidence(BaseModel):
    """The evidence of an alert."""

    what: str = Field(description="What was measured")
    count: float
    unit: EvidenceUnit | None = Field(None, description="Unit of count and threshold; a rate is a fraction")
    threshold: float = Field(description="The alert is open while the count is above this")
    period: Period
    rows: list[EvidenceRow] = Field(description="Top 100, worst first")
    refs: list[str] = Field(description="References of what was counted, at most 100")
    link: str = Field(description="Dashboard path that shows it")


class Alert(BaseModel):
    """Something that needs attention."""

    id: int
    severity: AlertSeverity
    type: AlertType
    message: str
    status: AlertStatus
    opened_at: datetime
    updated_at: datetime = Field(description="When it was last evaluated or acted on")
    acknowledged_by: str | None
    note: str | None = Field(description="Note of the last action")
    snoozed_until: datetime | None
    resolved_at: datetime | None
    resolved_by: str | None = Field(description="Null if it resolved automatically")
    evidence: Evidence


class AlertsAnswer(BaseModel):
    """The alerts of one status, most severe first, with the health score of the same dates."""

    total_alerts: int
    alerts: list[Alert]
    health_score: float
    health_status: HealthStatus
    next_cursor: str | None


class ActionTaken(BaseModel):
    """A person's action on an alert."""

    at: datetime
    actor: str
    action: AlertAction
    note: str | None
    until: datetime | None


class AlertDetail(Alert):
    """One alert with all actions on it, oldest first."""

    actions: list[ActionTaken]


class TypeQuality(BaseModel):
    """Opened alerts and false positives of a type."""

    type: AlertType
    opened: int
    false_positives: int
    false_positive_rate: float = Field(description="False positives / opened; 0 if none was opened")


class AlertQuality(BaseModel):
    """Opened alerts and false positives, by type."""

    types: list[TypeQuality]


class Acknowledgement(BaseModel):
    """Body for acknowledging an alert."""

    model_config = ConfigDict(extra="forbid")

    note: OptionalNote = None


class Snooze(BaseModel):
    """Body for snoozing an alert."""

    model_config = ConfigDict(extra="forbid")

    until: FutureTime


class Resolution(BaseModel):
    """Body for resolving an alert."""

    model_config = ConfigDict(extra="forbid")

    note: OptionalNote = None
    false_positive: StrictBool = Field(False, description="False positive: the same evidence does not reopen it")
    until_period_passed: StrictBool = Field(
        False,
        description="Snooze it until its dates leave the 7 days evaluated; then it resolves, unless there is more",
    )

    @model_validator(mode="after")
    def _check_one_end(self) -> Self:
        if self.false_positive and self.until_period_passed:
            raise ValueError("is either a false positive or resolved once its period has passed, not both")
        return self


class Reopening(BaseModel):
    """Body for undoing a false positive."""

    model_config = ConfigDict(extra="forbid")

    note: OptionalNote = None
