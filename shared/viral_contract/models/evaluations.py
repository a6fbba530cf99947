"""Evaluations of the guardrails and the score history."""

from datetime import datetime

from pydantic import BaseModel, Field

from viral_contract.models.guardrails import Deductions, HealthBasis, HealthStatus
from viral_contract.models.period import Period


class HistoryPoint(BaseModel):
    """The health score at one evaluation."""

    computed_at: datetime
    health_score: float
    health_status: HealthStatus
    deductions: Deductions
    basis: HealthBasis = Field(
        "count", description="The basis in use, or count if the evaluation is older than the score by share"
    )
    has_data: bool = Field(description="False if the evaluated dates had no data, so the score means nothing")


class HistoryAnswer(BaseModel):
    """The health score over time, thinned to at most 500 points, oldest first."""

    period: Period
    computed_at: datetime
    points: list[HistoryPoint]


class Evaluation(HistoryPoint):
    """Findings of one evaluation over the last 7 days, and the alerts it opened and closed."""

    period: Period
    opened_alerts: list[int]
    resolved_alerts: list[int]
