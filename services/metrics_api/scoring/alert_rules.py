"""What opens an alert: pure rules over the health answer of the last 7 dates.

Every rule is raised above its threshold, never at it. A rule answers with its finding, or None.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from viral_engine.contract.alerts import AlertSeverity, AlertType, Evidence, EvidenceRow
from viral_engine.contract.guardrails import HealthAnswer
from viral_engine.settings import DetectionSettings

ALERT_DAYS = 7
MAX_REFS = 100
_SHOWN_ROWS = 10


@dataclass(frozen=True)
class Finding:
    """A reason to alert, with the numbers that it rests on."""

    type: AlertType
    severity: AlertSeverity
    message: str
    evidence: Evidence


Rule = Callable[[HealthAnswer, DetectionSettings], Finding | None]


def find_alerts(health: HealthAnswer, settings: DetectionSettings) -> list[Finding]:
    """The findings of every rule that is raised, in the order of the rules."""
    raised = (rule(health, settings) for rule in RULES)
    return [finding for finding in raised if finding is not None]


def _fraud_detection(health: HealthAnswer, settings: DetectionSettings) -> Finding | None:
    fraud, limit = health.components.fraud, settings.alert_fraud_ips
    if fraud.total_flagged_ips <= limit:
        return None
    flagged = count_of(fraud.total_flagged_ips, "IP address", "IP addresses")
    return Finding(
        "fraud_detection",
        "high",
        f"{flagged} made more than {fraud.threshold_used} clicks on one UTC day; the limit is {limit}.",
        _evidence(
            health,
            what="flagged IP addresses",
            count=fraud.total_flagged_ips,
            threshold=limit,
            panel="fraud",
            rows=[EvidenceRow(label=ip.ip_address, ref=ip.ref, value=ip.click_count) for ip in fraud.suspicious_ips],
        ),
    )


def _bot_detection(health: HealthAnswer, settings: DetectionSettings) -> Finding | None:
    bots, limit = health.components.bots, settings.alert_bot_devices
    if bots.total_flagged_devices <= limit:
        return None
    flagged, rule = count_of(bots.total_flagged_devices, "device", "devices"), bots.detection_params
    burst = f"{rule.min_clicks} or more clicks within {rule.time_window_seconds} seconds"
    return Finding(
        "bot_detection",
        "medium",
        f"{flagged} made {burst}; the limit is {limit}.",
        _evidence(
            health,
            what="flagged devices",
            count=bots.total_flagged_devices,
            threshold=limit,
            panel="bots",
            rows=[
                EvidenceRow(label=device.device_fingerprint, ref=device.ref, value=device.total_clicks)
                for device in bots.bot_like_devices
            ],
        ),
    )


def _no_data(health: HealthAnswer, settings: DetectionSettings) -> Finding | None:
    newest, limit = health.last_event_at, settings.data_stale_minutes
    if not limit or newest is None or health.computed_at - newest <= timedelta(minutes=limit):
        return None
    minutes = (health.computed_at - newest) / timedelta(minutes=1)
    said = f"The newest event is of {newest:%Y-%m-%d %H:%M} UTC"
    silence = EvidenceRow(label=said, ref=newest.isoformat(), value=minutes)
    return Finding(
        "no_data",
        "high",
        f"{said}, {count_of(int(minutes), 'minute', 'minutes')} ago; the limit is {limit}.",
        _evidence(
            health, what="minutes without any event", count=minutes, threshold=limit, panel="health", rows=[silence]
        ),
    )


RULES: tuple[Rule, ...] = (_fraud_detection, _no_data, _bot_detection)


def _evidence(
    health: HealthAnswer, *, what: str, count: float, threshold: float, panel: str, rows: Sequence[EvidenceRow]
) -> Evidence:
    return Evidence(
        what=what,
        count=count,
        threshold=threshold,
        period=health.period,
        rows=list(rows[:_SHOWN_ROWS]),
        refs=list(dict.fromkeys(row.ref for row in rows))[:MAX_REFS],
        link=f"/dashboard/guardrails?days={health.period.days}&panel={panel}",
    )


def count_of(number: int, one: str, many: str) -> str:
    """The number with its noun: `1 device`, `2 devices`."""
    return f"{number:,} {one if number == 1 else many}"
