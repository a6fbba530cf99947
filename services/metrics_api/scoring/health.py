"""The 0-100 health score: 100 minus itemised, capped deductions. Pure functions; see docs/health-score-algorithm.md."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from viral_engine.contract.guardrails import DeductionItem, Deductions, HealthStatus
from viral_engine.settings import DetectionSettings


@dataclass(frozen=True)
class Findings:
    """What the detectors found: counts of flagged entities and rates 0..1."""

    flagged_ips: int
    flagged_devices: int


def itemise_deductions(findings: Findings, settings: DetectionSettings) -> list[DeductionItem]:
    """Every deduction with what, how many, the formula, its cap and its points."""
    return [_fraud(findings, settings), _bots(findings, settings)]


def _fraud(findings: Findings, settings: DetectionSettings) -> DeductionItem:
    per_ip, cap = settings.health_score_fraud_deduction, settings.health_score_fraud_max
    return DeductionItem(
        name="fraud",
        label="Fraud",
        quantity=findings.flagged_ips,
        unit="flagged IPs",
        formula=f"min({per_ip:g} × {findings.flagged_ips}, {cap:g})",
        cap=cap,
        points=min(per_ip * findings.flagged_ips, cap),
    )


def _bots(findings: Findings, settings: DetectionSettings) -> DeductionItem:
    per_device, cap = settings.health_score_bot_deduction, settings.health_score_bot_max
    return DeductionItem(
        name="bot_behavior",
        label="Bots",
        quantity=findings.flagged_devices,
        unit="flagged devices",
        formula=f"min({per_device:g} × {findings.flagged_devices}, {cap:g})",
        cap=cap,
        points=min(per_device * findings.flagged_devices, cap),
    )


def sum_deductions(items: list[DeductionItem]) -> Deductions:
    """The points by name; what no detector found costs nothing."""
    points = {item.name: item.points for item in items}
    return Deductions(
        fraud=points.get("fraud", 0),
        bot_behavior=points.get("bot_behavior", 0),
        opt_out_rate=points.get("opt_out_rate", 0),
        coppa_violations=points.get("coppa_violations", 0),
    )


def compute_score(items: list[DeductionItem]) -> float:
    """100 minus all points, not below 0, rounded half up to one decimal."""
    score = 100 - sum((Decimal(str(item.points)) for item in items), Decimal(0))
    return float(max(score, Decimal(0)).quantize(Decimal("0.1"), ROUND_HALF_UP))


def rate_score(score: float, settings: DetectionSettings) -> HealthStatus:
    """The status that the score has reached."""
    limits: list[tuple[HealthStatus, float]] = [
        ("excellent", settings.health_status_excellent),
        ("good", settings.health_status_good),
        ("fair", settings.health_status_fair),
        ("warning", settings.health_status_warning),
    ]
    return next((status for status, limit in limits if score >= limit), "critical")
