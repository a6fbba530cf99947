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
        "The guardrails page is unavailable, and its API routes return 404 feature_disabled. "
        "Detection and alerts keep running.",
    ),
    Flag.PERFORMANCE_REPORTS: FlagMeaning(
        True,
        "person",
        "Report pages are unavailable, API routes return 404 feature_disabled, and scheduled reports are skipped.",
    ),
    Flag.EMAIL_DELIVERY: FlagMeaning(
        False, "report", "Deliveries are placeholders: recorded and rendered, but never sent."
    ),
    Flag.AI_INSIGHTS: FlagMeaning(False, "report", "Insights and recommendations are rule-based only."),
    Flag.ALERT_NOTIFICATIONS: FlagMeaning(False, "rule", "No notifications are sent. Alerts still open and close."),
}


class FlagState(BaseModel):
    """State of one flag."""

    name: Flag
    on: bool | None = Field(description="For the caller; null where it varies")
    default: bool = Field(description="Default when the file does not set the flag")
    percentage: float | None = Field(description="Rollout in percent; null where a rule alone decides")
    has_rule: bool = Field(description="Whether a rule also targets specific cases, such as individual people")
    decided_by: DecidedBy
    off_means: str


class FlagsAnswer(BaseModel):
    """Every flag, and their file."""

    flags: list[FlagState]
    path: str | None = Field(description="The flags file; null if there is none and every flag has its default")
    read_at: datetime | None = Field(description="When these flags took effect; null before the first valid file")
    problem: str | None = Field(description="Why the current file is not in effect; null while it is")
