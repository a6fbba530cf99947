"""Feature flags: names, meanings and states."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, Field

DecidedBy = Literal["person", "report", "rule"]


class Flag(StrEnum):
    """Every flag."""

    GUARDRAIL_DASHBOARD = "guardrail_dashboard"
    PERFORMANCE_REPORTS = "performance_reports"
    EMAIL_DELIVERY = "email_delivery"
    AI_INSIGHTS = "ai_insights"
    ALERT_NOTIFICATIONS = "alert_notifications"


@dataclass(frozen=True)
class FlagMeaning:
    """A flag's default, targeting key and meaning when off."""

    default: bool
    decided_by: DecidedBy
    off_means: str


FLAGS = {
    Flag.GUARDRAIL_DASHBOARD: FlagMeaning(
        True,
        "person",
        "The guardrails page says that it is switched off, and its reads answer 404 feature_disabled. "
        "Detection and alerts go on.",
    ),
    Flag.PERFORMANCE_REPORTS: FlagMeaning(
        True,
        "person",
        "The report pages say so, their routes answer 404 feature_disabled, and due slots are skipped.",
    ),
    Flag.EMAIL_DELIVERY: FlagMeaning(
        False, "report", "A delivery is a placeholder: it is recorded and rendered, and nothing is sent."
    ),
    Flag.AI_INSIGHTS: FlagMeaning(False, "report", "Insights and recommendations are written by rules alone."),
    Flag.ALERT_NOTIFICATIONS: FlagMeaning(False, "rule", "Nobody is notified. Alerts still open and close."),
}


class FlagState(BaseModel):
    """State of one flag."""

    name: Flag
    on: bool | None = Field(description="For the caller; None where it differs from case to case")
    default: bool = Field(description="What holds where the file does not name the flag")
    percentage: float | None = Field(
        description="Of the cases it is on for, in percent; None where a rule alone decides"
    )
    has_rule: bool = Field(description="Whether a rule names cases apart from the percentage, such as single people")
    decided_by: DecidedBy
    off_means: str


class FlagsAnswer(BaseModel):
    """Every flag, and their file."""

    flags: list[FlagState]
    path: str | None = Field(description="The file; None where there is none and every flag has its default")
    read_at: datetime | None = Field(description="Since when these flags are in force; None before the first good file")
    problem: str | None = Field(description="Why the file as it is now is not in force; None while it is")
