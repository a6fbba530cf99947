"""The rules that open alerts: pure functions of what was found in the last 7 dates.

A rule applies above its threshold, not at it, and returns its finding, or None.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import get_args

from metrics_api.settings.detection import DetectionSettings
from viral_contract.models.alerts import AlertSeverity, AlertType, Evidence, EvidenceRow, EvidenceUnit
from viral_contract.models.guardrails import AnomalyAnswer, EventPiiAnswer, EventPiiLeak, HealthAnswer
from viral_contract.models.violations import Violation
from viral_reports.dates import format_elapsed

ALERT_DAYS = 7
MAX_REFS = 100
GROWTH_TYPES: tuple[AlertType, ...] = ("growth_change", "k_fell")
"""Those that are evaluated by themselves, see `alerts/growth.py`."""
GUARDRAIL_TYPES: tuple[AlertType, ...] = tuple(each for each in get_args(AlertType) if each not in GROWTH_TYPES)
_KINDS = {"parent_share": "parent share", "progress_reel": "progress reel"}


@dataclass(frozen=True)
class Observation:
    """The data that rules use."""

    health: HealthAnswer
    violations: Sequence[Violation]
    event_pii: EventPiiAnswer | None


@dataclass(frozen=True)
class Finding:
    """A reason for an alert, with its numbers."""

    type: AlertType
    severity: AlertSeverity
    message: str
    evidence: Evidence


Rule = Callable[[Observation, DetectionSettings], Finding | None]


def find_alerts(
    health: HealthAnswer,
    settings: DetectionSettings,
    violations: Sequence[Violation] = (),
    event_pii: EventPiiAnswer | None = None,
) -> list[Finding]:
    """The findings of all rules, in their order.

    `violations` are those behind the compliance rate, without false positives; they are evidence only.
    """
    observation = Observation(health, violations, event_pii)
    raised = (rule(observation, settings) for rule in RULES)
    return [finding for finding in raised if finding is not None]


def _coppa_violation(observation: Observation, _settings: DetectionSettings) -> Finding | None:
    coppa = observation.health.components.coppa
    shares, reels = coppa.parent_shares.violations_found, coppa.progress_reels.violations_found
    if not shares + reels:
        return None
    kinds = {"parent share": shares, "progress reel": reels}
    found = " and ".join(_count(number, kind) for kind, number in kinds.items() if number)
    message = f"Children's personal information found in {found}."
    rows = [
        EvidenceRow(
            label=_describe(violation),
            ref=f"violation:{violation.id}",
            value=1,
            unit="items",
            day=violation.inserted_at.date(),
        )
        for violation in observation.violations
    ]
    evidence = _evidence(observation, "items with violations", "items", shares + reels, 0, "coppa", rows)
    return Finding("coppa_violation", "critical", message, evidence)


def _describe(violation: Violation) -> str:
    kind = violation.type.replace("_", " ")
    return f"{kind} in {_KINDS[violation.content_kind]} {violation.content_id}: {violation.masked}"


def _fraud_detection(observation: Observation, settings: DetectionSettings) -> Finding | None:
    fraud, limit = observation.health.components.fraud, settings.alert_fraud_ips
    flagged = fraud.total_flagged_ips
    if flagged <= limit:
        return None
    rule = f"more than {fraud.threshold_used} clicks in one day (UTC)"
    message = f"{_count(flagged, 'IP address', 'IP addresses')} had {rule}. Threshold: {limit}."
    rows = [
        EvidenceRow(label=ip.ip_address, ref=ip.ref, alias=ip.alias, day=ip.date, value=ip.click_count, unit="clicks")
        for ip in fraud.suspicious_ips
    ]
    evidence = _evidence(observation, "flagged IP addresses", "items", flagged, limit, "fraud", rows)
    return Finding("fraud_detection", "high", message, evidence)


def _conversion_anomaly(observation: Observation, settings: DetectionSettings) -> Finding | None:
    anomalies = observation.health.components.anomalies
    if not anomalies.total_flagged:
        return None
    daily, rate = settings.conversion_anomaly_daily_threshold, settings.conversion_anomaly_threshold
    rule = f"more than {daily} conversions in one day (UTC) or a conversion rate above {rate * 100:g}%"
    message = f"{_count(anomalies.total_flagged, 'referrer')} had {rule}."
    evidence = _evidence(
        observation, "flagged referrers", "items", anomalies.total_flagged, 0, "anomalies", _list_referrers(anomalies)
    )
    return Finding("conversion_anomaly", "high", message, evidence)


def _list_referrers(anomalies: AnomalyAnswer) -> list[EvidenceRow]:
    busy = [
        EvidenceRow(
            label=row.referrer_id, ref=row.referrer_id, day=row.date, value=row.conversion_count, unit="conversions"
        )
        for row in anomalies.suspicious_referrers
    ]
    eager = [
        EvidenceRow(label=row.referrer_id, ref=row.referrer_id, value=row.conversion_rate, unit="rate")
        for row in anomalies.high_conversion_rate_referrers
    ]
    return [*busy, *eager]


def _pii_in_events(observation: Observation, settings: DetectionSettings) -> Finding | None:
    found, limit = observation.event_pii, settings.alert_event_pii
    if found is None or found.total <= limit:
        return None
    worst, *others = found.loops
    leaking = f"Events of {_name_loop(worst.source)} have carried personal information since {worst.since}"
    more = f", and those of {_count(len(others), 'more loop')}" if others else ""
    where = " and ".join(worst.fields) if len(worst.fields) < 3 else _count(len(worst.fields), "field")
    what = f"{_count(found.total, 'finding')} in {observation.health.period.days} days"
    message = f"{leaking} ({where}){more}: {what}. It was replaced before it was stored."
    rows = [
        EvidenceRow(
            label=_describe_leak(leak),
            ref=f"leak:{leak.source or ''}:{leak.field}:{leak.type}",
            day=leak.date,
            value=leak.events,
            unit="events",
        )
        for leak in found.leaks
    ]
    what = "findings of personal information in events"
    evidence = _evidence(observation, what, "events", found.total, limit, "coppa", rows)
    return Finding("pii_in_events", "high", message, evidence)


def _describe_leak(leak: EventPiiLeak) -> str:
    return f"{leak.type.replace('_', ' ')} in {leak.field} of {_name_loop(leak.source)}, since {leak.first_seen}"


def _name_loop(source: str | None) -> str:
    return source or "no loop"


def _no_data(observation: Observation, settings: DetectionSettings) -> Finding | None:
    newest, limit = observation.health.last_event_at, settings.data_stale_minutes
    if not limit or newest is None or observation.health.computed_at - newest <= timedelta(minutes=limit):
        return None
    silence = observation.health.computed_at - newest
    minutes, last = silence / timedelta(minutes=1), f"{newest:%Y-%m-%d %H:%M} UTC"
    message = f"Last event received {last}, {format_elapsed(silence)} ago. Threshold: {_count(limit, 'minute')}."
    rows = [EvidenceRow(label=last, ref=newest.isoformat(), value=minutes, unit="minutes")]
    evidence = _evidence(observation, "time since last event", "minutes", minutes, limit, "health", rows)
    return Finding("no_data", "high", message, evidence)


def _bot_detection(observation: Observation, settings: DetectionSettings) -> Finding | None:
    bots, limit = observation.health.components.bots, settings.alert_bot_devices
    flagged, burst = bots.total_flagged_devices, bots.detection_params
    if flagged <= limit:
        return None
    rule = f"{burst.min_clicks} or more clicks within {_count(burst.time_window_seconds, 'second')}"
    message = f"{_count(flagged, 'device')} had {rule}. Threshold: {limit}."
    rows = [
        EvidenceRow(
            label=device.device_fingerprint,
            ref=device.ref,
            alias=device.alias,
            value=device.total_clicks,
            unit="clicks",
        )
        for device in bots.bot_like_devices
    ]
    evidence = _evidence(observation, "flagged devices", "items", flagged, limit, "bots", rows)
    return Finding("bot_detection", "medium", message, evidence)


def _high_opt_out(observation: Observation, settings: DetectionSettings) -> Finding | None:
    shares, limit = observation.health.components.opt_outs.parent_shares, settings.alert_opt_out_rate
    if shares.opt_out_rate <= limit:
        return None
    never_viewed = f"{shares.never_viewed:,} of {_count(shares.total, 'parent share')} ({shares.opt_out_rate:.1%})"
    message = f"{never_viewed} were never viewed. Threshold: {limit * 100:g}%."
    evidence = _evidence(observation, "parent shares never viewed", "rate", shares.opt_out_rate, limit, "opt-outs", [])
    return Finding("high_opt_out", "medium", message, evidence)


RULES: tuple[Rule, ...] = (
    _coppa_violation,
    _fraud_detection,
    _conversion_anomaly,
    _pii_in_events,
    _no_data,
    _bot_detection,
    _high_opt_out,
)


def _evidence(
    observation: Observation,
    what: str,
    unit: EvidenceUnit,
    count: float,
    threshold: float,
    panel: str,
    rows: Sequence[EvidenceRow],
) -> Evidence:
    period = observation.health.period
    return Evidence(
        what=what,
        count=count,
        unit=unit,
        threshold=threshold,
        period=period,
        rows=list(rows[:MAX_REFS]),
        refs=list(dict.fromkeys(row.ref for row in rows))[:MAX_REFS],
        link=f"/dashboard/guardrails?days={period.days}&panel={panel}",
    )


def _count(number: int, one: str, many: str = "") -> str:
    """The number with its noun: `1 device`, `2 devices`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
