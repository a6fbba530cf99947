"""The 0-100 health score: 100 minus itemised, capped deductions. Pure functions; see docs/health-score-algorithm.md."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from metrics_api.settings.detection import DetectionSettings
from viral_contract.models.guardrails import DEDUCTION_LABELS, DeductionItem, Deductions, HealthStatus

# Binary fractions make 0.9990000000000009 of 0.999; what lies behind this digit is such noise, never points.
_NOISE_DIGITS = 9


@dataclass(frozen=True)
class Findings:
    """What the detectors found: counts of flagged entities, and rates 0..1 of which an empty kind has 0."""

    flagged_ips: int
    flagged_devices: int
    share_opt_out_rate: float
    link_opt_out_rate: float
    compliance_rate: float


def itemise_deductions(findings: Findings, settings: DetectionSettings) -> list[DeductionItem]:
    """Every deduction with what, how many, the formula, its cap and its points."""
    return [
        _fraud(findings, settings),
        _bots(findings, settings),
        _opt_outs(findings, settings),
        _coppa(findings, settings),
    ]


def _fraud(findings: Findings, settings: DetectionSettings) -> DeductionItem:
    per_ip, cap = settings.health_score_fraud_deduction, settings.health_score_fraud_max
    return DeductionItem(
        name="fraud",
        label=DEDUCTION_LABELS["fraud"],
        quantity=findings.flagged_ips,
        unit="flagged IPs",
        formula=f"min({per_ip:g} × {findings.flagged_ips}, {cap:g})",
        cap=cap,
        points=_limit(per_ip * findings.flagged_ips, cap),
    )


def _bots(findings: Findings, settings: DetectionSettings) -> DeductionItem:
    per_device, cap = settings.health_score_bot_deduction, settings.health_score_bot_max
    return DeductionItem(
        name="bot_behavior",
        label=DEDUCTION_LABELS["bot_behavior"],
        quantity=findings.flagged_devices,
        unit="flagged devices",
        formula=f"min({per_device:g} × {findings.flagged_devices}, {cap:g})",
        cap=cap,
        points=_limit(per_device * findings.flagged_devices, cap),
    )


def _opt_outs(findings: Findings, settings: DetectionSettings) -> DeductionItem:
    shares, links = findings.share_opt_out_rate, findings.link_opt_out_rate
    multiplier, cap = settings.health_score_opt_out_multiplier, settings.health_score_opt_out_max
    return DeductionItem(
        name="opt_out_rate",
        label=DEDUCTION_LABELS["opt_out_rate"],
        quantity=_to_pct((shares + links) / 2),
        unit="% never opened",
        formula=f"min(({shares:.4g} + {links:.4g}) / 2 × {multiplier:g}, {cap:g})",
        cap=cap,
        points=_limit((shares + links) / 2 * multiplier, cap),
    )


def _coppa(findings: Findings, settings: DetectionSettings) -> DeductionItem:
    compliance = findings.compliance_rate
    multiplier, cap = settings.health_score_coppa_multiplier, settings.health_score_coppa_max
    return DeductionItem(
        name="coppa_violations",
        label=DEDUCTION_LABELS["coppa_violations"],
        quantity=_to_pct(1 - compliance),
        unit="% not compliant",
        formula=f"min((1 - {compliance:.4g}) × 100 × {multiplier:g}, {cap:g})",
        cap=cap,
        points=_limit((1 - compliance) * 100 * multiplier, cap),
    )


def _to_pct(rate: float) -> float:
    return round(rate * 100, _NOISE_DIGITS)


def _limit(points: float, cap: float) -> float:
    return round(min(points, cap), _NOISE_DIGITS)


def sum_deductions(items: list[DeductionItem]) -> Deductions:
    """The points by name."""
    return Deductions(**{item.name: item.points for item in items})


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
