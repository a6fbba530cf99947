"""Builds answers of the metrics API: defaults for everything, override what matters."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from viral_contract.models.alerts import Alert, AlertsAnswer
from viral_contract.models.deliveries import Delivery
from viral_contract.models.entity_lists import ListEntry
from viral_contract.models.evaluations import HistoryAnswer, HistoryPoint
from viral_contract.models.flagged import FlaggedDay, FlaggedDaysAnswer
from viral_contract.models.guardrails import (
    AnomalyAnswer,
    BasisScore,
    BotAnswer,
    BotLikeDevice,
    ComparedHealthAnswer,
    Compliance,
    Components,
    CoppaAnswer,
    DeductionItem,
    Deductions,
    DetectionParams,
    EventPiiAnswer,
    FlaggedShare,
    FraudAnswer,
    LeakingLoop,
    LinkOptOut,
    OptOutAnswer,
    ShareOptOut,
    StudySessionTotals,
)
from viral_contract.models.period import Period
from viral_contract.models.traffic import TRAFFIC_CLASSES, ClassShare, TrafficAnswer, TrafficClass

NOW = datetime(2026, 3, 31, 10, 28, 15, tzinfo=UTC)
PERIOD = Period.between(date(2026, 3, 25), date(2026, 3, 31))
SCHOOL = ListEntry(
    list="allow",
    kind="network",
    value="203.0.113.0/24",
    ref="ref_school",
    alias="abcd",
    reason="Lakeside School",
    expires_at=datetime(2027, 7, 1, tzinfo=UTC),
    created_at=NOW,
    created_by="ana@example.com",
    active=True,
)
COMMON: dict[str, Any] = {"period": PERIOD, "computed_at": NOW, "thresholds": {}}
ANOMALY_LIMITS = {"conversion_anomaly_threshold": 0.8, "conversion_anomaly_daily_threshold": 10}
SCORE_LIMITS = {
    "health_score_fraud_deduction": 2,
    "health_score_bot_deduction": 2,
    "health_score_fraud_share_points": 0.7,
    "health_score_bot_share_points": 0.5,
    "health_score_opt_out_multiplier": 20,
    "health_score_coppa_multiplier": 0.333,
    "health_status_excellent": 90,
    "health_status_good": 75,
    "health_status_fair": 60,
    "health_status_warning": 40,
}


def build_fraud(rows: int = 1, **fields: Any) -> FraudAnswer:
    """Flagged addresses 203.0.113.1, .2 and so on, with 11, 12 ... clicks."""
    ips = [
        {
            "date": PERIOD.end,
            "ip_address": f"203.0.113.{number}",
            "ref": f"ip-{number}",
            "click_count": 10 + number,
            "devices": 1,
            "pace_per_hour": 10.0,
            "hint": None,
        }
        for number in range(1, rows + 1)
    ]
    given = {"suspicious_ips": ips, "trusted_ips": [], "total_flagged_ips": rows, "threshold_used": 10}
    return FraudAnswer.model_validate({**COMMON, **given, "next_cursor": None, **fields})


def build_bots(rows: int = 1, **fields: Any) -> BotAnswer:
    """Flagged devices device-1, device-2 and so on."""
    devices = [
        BotLikeDevice(
            device_fingerprint=f"device-{number}",
            ref=f"ref-{number}",
            total_clicks=1233 + number,
            first_seen=NOW - timedelta(days=1),
            last_seen=NOW,
            fastest_seconds=0.42,
        )
        for number in range(1, rows + 1)
    ]
    given = {
        "bot_like_devices": devices,
        "total_flagged_devices": rows,
        "detection_params": DetectionParams(min_clicks=3, time_window_seconds=5),
        "next_cursor": None,
    }
    return BotAnswer(**{**COMMON, **given, **fields})


def build_alert(number: int = 1, **fields: Any) -> Alert:
    """An open alert about flagged addresses."""
    given = {
        "id": number,
        "severity": "high",
        "type": "fraud_detection",
        "message": "9 addresses made more than 10 clicks on one day.",
        "status": "open",
        "opened_at": NOW - timedelta(hours=2),
        "updated_at": NOW,
        "evidence": {
            "what": "flagged IP addresses",
            "count": 9,
            "threshold": 5,
            "period": PERIOD,
            "rows": [{"label": "203.0.113.*", "ref": "ref_1", "value": 130}],
            "refs": ["ref_1"],
            "link": "/dashboard/guardrails?days=7",
        },
    }
    ended = dict.fromkeys(("acknowledged_by", "note", "snoozed_until", "resolved_at", "resolved_by"))
    return Alert.model_validate({**ended, **given, **fields})


def build_alerts(*alerts: Alert) -> AlertsAnswer:
    """The open alerts."""
    return AlertsAnswer(
        total_alerts=len(alerts), alerts=list(alerts), health_score=96, health_status="excellent", next_cursor=None
    )


def build_history(*scores: float) -> HistoryAnswer:
    """One point an hour, the last one now."""
    points = [
        HistoryPoint(
            computed_at=NOW - timedelta(hours=len(scores) - number),
            health_score=score,
            health_status="good",
            deductions=Deductions(fraud=0, bot_behavior=0, opt_out_rate=0, coppa_violations=0),
            has_data=True,
        )
        for number, score in enumerate(scores, start=1)
    ]
    return HistoryAnswer(period=PERIOD, computed_at=NOW, points=points)


def build_item(name: str = "fraud", points: float = 2, cap: float = 30) -> DeductionItem:
    """One deduction."""
    return DeductionItem.model_validate(
        {"name": name, "label": name, "quantity": 1, "unit": "found", "formula": "2 × 1", "cap": cap, "points": points}
    )


def build_health(score: float = 96, status: str = "excellent", **fields: Any) -> ComparedHealthAnswer:
    """A period with one flagged address and one flagged device."""
    given = {
        "thresholds": SCORE_LIMITS,
        "health_score": score,
        "health_status": status,
        "has_data": True,
        "last_event_at": NOW - timedelta(minutes=4),
        "deductions": Deductions(fraud=2, bot_behavior=2, opt_out_rate=0, coppa_violations=0),
        "deduction_items": [build_item("fraud"), build_item("bot_behavior", cap=20)],
        "basis": "count",
        "by_count": build_basis_score(score, status),
        "by_share": build_basis_score(98.5, fraud=1, bot_behavior=0.5),
        "flagged_share": FlaggedShare(clicks=0.01, conversions=0),
        "components": build_components(),
    }
    return ComparedHealthAnswer.model_validate({**COMMON, **given, **fields})


def build_basis_score(score: float, status: str = "excellent", **points: float) -> BasisScore:
    """The score on one basis; each deduction costs as many points as are given, or 0."""
    deductions = Deductions(**(dict.fromkeys(Deductions.model_fields, 0.0) | points))
    items = [build_item("fraud", deductions.fraud), build_item("bot_behavior", deductions.bot_behavior, cap=20)]
    return BasisScore.model_validate(
        {"health_score": score, "health_status": status, "deductions": deductions, "deduction_items": items}
    )


def build_traffic(clicks: Mapping[TrafficClass, int] | None = None, **fields: Any) -> TrafficAnswer:
    """Clicks by class, by default of no one; a tenth as many visits."""
    given = clicks or {}
    total = sum(given.values())
    classes = [
        ClassShare(
            traffic_class=each,
            clicks=given.get(each, 0),
            visits=given.get(each, 0) // 10,
            share=given.get(each, 0) / total if total else 0,
        )
        for each in TRAFFIC_CLASSES
    ]
    filtered = sum(each.share for each in classes if each.traffic_class not in ("human", "unknown"))
    answer = {
        "period": PERIOD,
        "computed_at": NOW,
        "classes": classes,
        "reasons": [],
        "filtered_share": filtered,
        "groups": [],
        "classifier_version": "2026.11",
        "classified_at": None,
        "app_user_agents": [],
    }
    return TrafficAnswer.model_validate({**answer, **fields})


def build_event_pii(*loops: dict[str, Any], **fields: Any) -> EventPiiAnswer:
    """Personal information in events, by default none; a loop leaks an email address in the landing page."""
    leaking = [
        LeakingLoop.model_validate(
            {
                "source": "parent_share",
                "since": PERIOD.start,
                "last_date": PERIOD.end,
                "fields": ["landing_page"],
                "types": ["email"],
                "events": 14,
                **loop,
            }
        )
        for loop in loops
    ]
    total = sum(loop.events for loop in leaking)
    return EventPiiAnswer.model_validate(
        {**COMMON, "total": total, "leaks": [], "loops": leaking, "next_cursor": None, **fields}
    )


def build_flagged_days(*flagged_clicks: int) -> FlaggedDaysAnswer:
    """The last dates of the period, each with 100 clicks, so many of which are of one flagged network for every 20."""
    clicks = [0] * (PERIOD.days - len(flagged_clicks)) + list(flagged_clicks)
    days = [
        FlaggedDay(
            date=day, clicks=100, flagged_networks=flagged // 20, flagged_clicks=flagged, flagged_share=flagged / 100
        )
        for day, flagged in zip(PERIOD.dates(), clicks, strict=True)
    ]
    return FlaggedDaysAnswer.model_validate({**COMMON, "days": days})


def build_components(fraud: FraudAnswer | None = None, bots: BotAnswer | None = None) -> Components:
    """The answers behind a score; nothing was shared, and no referrer stands out."""
    nothing = Compliance(total_checked=0, violations_found=0, compliance_rate=1)
    return Components(
        fraud=fraud or build_fraud(),
        bots=bots or build_bots(),
        opt_outs=OptOutAnswer(
            **COMMON,
            parent_shares=ShareOptOut(total=0, never_viewed=0, opt_out_rate=0),
            attribution_links=LinkOptOut(total=0, zero_clicks=0, opt_out_rate=0),
            study_sessions=StudySessionTotals(total=0, avg_participants=0),
        ),
        coppa=CoppaAnswer.model_validate(
            {
                **COMMON,
                "parent_shares": nothing,
                "progress_reels": nothing,
                "overall_compliance_rate": 1,
                "open_violations": 0,
                "target_rate": 0.99,
                "target_met": True,
            }
        ),
        anomalies=AnomalyAnswer(
            **{**COMMON, "thresholds": ANOMALY_LIMITS},
            suspicious_referrers=[],
            high_conversion_rate_referrers=[],
            total_flagged=0,
            next_cursor=None,
        ),
    )


def build_delivery(number: int = 1, **fields: Any) -> Delivery:
    """A message that nobody has tried to send yet."""
    given = {
        "id": number,
        "recipient_email": f"ana{number}@example.com",
        "status": "queued",
        "attempt": 0,
        "max_attempts": 5,
        "created_at": NOW,
        **dict.fromkeys(("sent_at", "next_attempt_at", "reason")),
    }
    return Delivery.model_validate({**given, **fields})
