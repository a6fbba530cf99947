"""Evaluations of the guardrails and the history that they write."""

from datetime import datetime

from pydantic import BaseModel, Field

from viral_contract.models.guardrails import Deductions, HealthStatus
from viral_contract.models.period import Period


class HistoryPoint(BaseModel):
    """The health score as it was at one evaluation."""

    computed_at: datetime
    health_score: float
    health_status: HealthStatus
    deductions: Deductions
    has_data: bool = Field(description="False where the evaluated dates held nothing, so that the score says nothing")


class HistoryAnswer(BaseModel):
    """The health score over time, thinned to at most 500 points, the oldest first."""

    period: Period
    computed_at: datetime
    points: list[HistoryPoint]


class Evaluation(HistoryPoint):
    """What one evaluation found over the last 7 dates, and the alerts that it opened and ended."""

    period: Period
    opened_alerts: list[int]
    resolved_alerts: list[int]
