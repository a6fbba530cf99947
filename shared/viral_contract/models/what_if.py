"""Results under other thresholds."""

from pydantic import BaseModel, Field

from viral_contract.models.alerts import AlertSeverity, AlertType
from viral_contract.models.guardrails import Answer, BasisScore, DeductionItem, Deductions, HealthBasis, HealthStatus


class RaisedAlert(BaseModel):
    """An alert whose condition holds over the period."""

    type: AlertType
    severity: AlertSeverity
    message: str


class Outcome(BaseModel):
    """Results under one set of thresholds."""

    health_score: float
    health_status: HealthStatus
    basis: HealthBasis
    by_count: BasisScore
    by_share: BasisScore
    deductions: Deductions
    deduction_items: list[DeductionItem]
    total_flagged_ips: int
    total_flagged_devices: int
    total_flagged_referrers: int
    compliance_target_met: bool
    alerts: list[RaisedAlert]


class NotApplicable(BaseModel):
    """A value that a request may try but the setting does not allow."""

    name: str
    value: int | float
    allowed: str = Field(description="In words, such as `5 or more`")


class WhatIfAnswer(Answer):
    """The same period under the configured thresholds and under those of the request."""

    has_data: bool
    is_partial: bool = Field(False, description="Dates of the period are purged, so what was flagged is not known")
    configured: Outcome
    changed: Outcome
    helm_values: str = Field(
        description="YAML for the chart that makes the change permanent: allowed differences only; otherwise empty"
    )
    not_applicable: list[NotApplicable]
