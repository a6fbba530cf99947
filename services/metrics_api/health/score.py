"""The 0-100 health score: 100 minus itemised, capped deductions. Pure functions; see docs/health-score-algorithm.md."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, get_args

from metrics_api.settings.detection import DetectionSettings
from viral_contract.models.guardrails import (
    DEDUCTION_LABELS,
    BasisScore,
    DeductionItem,
    Deductions,
    HealthBasis,
    HealthStatus,
)

BASES: tuple[HealthBasis, ...] = get_args(HealthBasis)

FlaggedName = Literal["fraud", "bot_behavior"]

# Binary fractions make 0.9990000000000009 of 0.999; what lies behind this digit is such noise, never points.
_NOISE_DIGITS = 9


@dataclass(frozen=True)
class Findings:
    """What the detectors found: counts of what is flagged, and rates 0..1 of which an empty kind has 0."""

    flagged_ips: int
    flagged_devices: int
    network_click_share: float
    device_click_share: float
    share_opt_out_rate: float
    link_opt_out_rate: float
    compliance_rate: float


def score_findings(findings: Findings, settings: DetectionSettings, basis: HealthBasis) -> BasisScore:
    """The score on this basis."""
    items = itemise_deductions(findings, settings, basis)
    score = compute_score(items)
    return BasisScore(
        health_score=score,
        health_status=rate_score(score, settings),
        deductions=sum_deductions(items),
        deduction_items=items,
    )


def itemise_deductions(findings: Findings, settings: DetectionSettings, basis: HealthBasis) -> list[DeductionItem]:
    """Every deduction with what, how many, the formula, its cap and its points."""
    flagged = _by_count(findings, settings) if basis == "count" else _by_share(findings, settings)
    return [*flagged, _opt_outs(findings, settings), _coppa(findings, settings)]


def _by_count(findings: Findings, settings: DetectionSettings) -> list[DeductionItem]:
    per_ip, ips_cap = settings.health_score_fraud_deduction, settings.health_score_fraud_max
    per_device, devices_cap = settings.health_score_bot_deduction, settings.health_score_bot_max
    return [
        _of_count("fraud", findings.flagged_ips, "flagged IPs", per_ip, ips_cap),
        _of_count("bot_behavior", findings.flagged_devices, "flagged devices", per_device, devices_cap),
    ]


def _of_count(name: FlaggedName, flagged: int, unit: str, weight: float, cap: float) -> DeductionItem:
    return DeductionItem(
        name=name,
        label=DEDUCTION_LABELS[name],
        quantity=flagged,
        unit=unit,
        formula=f"min({weight:g} × {flagged}, {cap:g})",
        cap=cap,
        points=_limit(weight * flagged, cap),
    )


def _by_share(findings: Findings, settings: DetectionSettings) -> list[DeductionItem]:
    networks, devices = findings.network_click_share, findings.device_click_share
    return [
        _of_share("fraud", networks, settings.health_score_fraud_share_points, settings.health_score_fraud_max),
        _of_share("bot_behavior", devices, settings.health_score_bot_share_points, settings.health_score_bot_max),
    ]


def _of_share(name: FlaggedName, share: float, weight: float, cap: float) -> DeductionItem:
    return DeductionItem(
        name=name,
        label=DEDUCTION_LABELS[name],
        quantity=_to_pct(share),
        unit="% of clicks",
        formula=f"min(100 × {share:.4g} × {weight:g}, {cap:g})",
        cap=cap,
        points=_limit(100 * share * weight, cap),
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
