"""What opens an alert: above the threshold, never at it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from metrics_api.alerts.lifecycle import is_covered
from metrics_api.alerts.rules import GUARDRAIL_TYPES, Finding, find_alerts
from metrics_api.settings.detection import DetectionSettings
from tests.support.answers import COMMON, NOW, PERIOD, build_bots, build_components, build_fraud, build_health
from viral_contract.models.guardrails import AnomalyAnswer, EventPiiAnswer, HealthAnswer
from viral_contract.models.violations import Violation

SETTINGS = DetectionSettings()


def flagged_ips(number: int) -> HealthAnswer:
    return build_health(components=build_components(build_fraud(number), build_bots(0)))


def flagged_devices(number: int) -> HealthAnswer:
    return build_health(components=build_components(build_fraud(0), build_bots(number)))


def violating(shares: int = 0, reels: int = 0) -> HealthAnswer:
    health = flagged_ips(0)
    coppa = health.components.coppa
    coppa.parent_shares = coppa.parent_shares.model_copy(update={"violations_found": shares})
    coppa.progress_reels = coppa.progress_reels.model_copy(update={"violations_found": reels})
    return health


def never_viewed(shares: int, total: int) -> HealthAnswer:
    health = flagged_ips(0)
    opt_out = health.components.opt_outs.parent_shares
    opt_out.total, opt_out.never_viewed, opt_out.opt_out_rate = total, shares, shares / total if total else 0
    return health


def anomalous(busy: int = 0, eager: int = 0) -> HealthAnswer:
    health = flagged_ips(0)
    health.components.anomalies = AnomalyAnswer.model_validate(
        {
            **COMMON,
            "suspicious_referrers": [
                {"date": PERIOD.end, "referrer_id": f"busy-{number}", "conversion_count": 11} for number in range(busy)
            ],
            "high_conversion_rate_referrers": [
                {
                    "referrer_id": f"eager-{number}",
                    "total_clicks": 10,
                    "total_conversions": 9,
                    "conversion_rate": 0.9,
                }
                for number in range(eager)
            ],
            "total_flagged": busy + eager,
            "next_cursor": None,
        }
    )
    return health


def leaking(*loops: tuple[str | None, int], fields: Sequence[str] = ("landing_page",)) -> EventPiiAnswer:
    total = sum(events for _, events in loops)
    each = {"since": PERIOD.start, "last_date": PERIOD.end, "fields": fields, "types": ["email"]}
    leak = {"date": PERIOD.end, "first_seen": PERIOD.start, "field": fields[0], "type": "email"}
    return EventPiiAnswer.model_validate(
        {
            **COMMON,
            "total": total,
            "leaks": [{**leak, "source": source, "events": events} for source, events in loops],
            "loops": [{**each, "source": source, "events": events} for source, events in loops],
            "next_cursor": None,
        }
    )


def silent_for(minutes: float | None) -> HealthAnswer:
    newest = None if minutes is None else NOW - timedelta(minutes=minutes)
    return flagged_ips(0).model_copy(update={"last_event_at": newest})


@pytest.mark.parametrize(
    ("health", "settings", "raised"),
    [
        (flagged_ips(5), {}, []),
        (flagged_ips(6), {}, [("fraud_detection", "high")]),
        (flagged_ips(1), {"alert_fraud_ips": 0}, [("fraud_detection", "high")]),
        (flagged_ips(0), {"alert_fraud_ips": 0}, []),
        (flagged_devices(3), {}, []),
        (flagged_devices(4), {}, [("bot_detection", "medium")]),
        (violating(), {}, []),
        (violating(shares=1), {}, [("coppa_violation", "critical")]),
        (violating(reels=1), {}, [("coppa_violation", "critical")]),
        (anomalous(), {}, []),
        (anomalous(busy=1), {}, [("conversion_anomaly", "high")]),
        (anomalous(eager=1), {}, [("conversion_anomaly", "high")]),
        (never_viewed(0, 0), {}, []),
        (never_viewed(3, 10), {}, []),
        (never_viewed(30, 100), {}, []),
        (never_viewed(31, 100), {}, [("high_opt_out", "medium")]),
        (never_viewed(1, 1000), {"alert_opt_out_rate": 0}, [("high_opt_out", "medium")]),
        (never_viewed(10, 10), {"alert_opt_out_rate": 1}, []),
        (silent_for(60), {}, []),
        (silent_for(60.1), {}, [("no_data", "high")]),
        (silent_for(60.1), {"data_stale_minutes": 0}, []),
        (silent_for(-4), {}, []),
        (silent_for(None), {}, []),
    ],
)
def test_a_rule_is_raised_above_its_threshold_and_not_at_it(
    health: HealthAnswer, settings: dict[str, Any], raised: list[tuple[str, str]]
) -> None:
    findings = find_alerts(health, DetectionSettings(**settings))
    assert [(finding.type, finding.severity) for finding in findings] == raised


@pytest.mark.parametrize(
    ("health", "message"),
    [
        (flagged_ips(6), "6 IP addresses had more than 10 clicks in one day (UTC). Threshold: 5."),
        (flagged_devices(1234), "1,234 devices had 3 or more clicks within 5 seconds. Threshold: 3."),
        (
            violating(shares=2, reels=1),
            "Children's personal information found in 2 parent shares and 1 progress reel.",
        ),
        (violating(reels=1), "Children's personal information found in 1 progress reel."),
        (
            anomalous(busy=1),
            "1 referrer had more than 10 conversions in one day (UTC) or a conversion rate above 80%.",
        ),
        (never_viewed(7, 20), "7 of 20 parent shares (35.0%) were never viewed. Threshold: 30%."),
        (silent_for(9 * 365 * 1440), "Last event received 2017-04-02 10:28 UTC, 9 years ago. Threshold: 60 minutes."),
        (silent_for(75), "Last event received 2026-03-31 09:13 UTC, 75 minutes ago. Threshold: 60 minutes."),
    ],
)
def test_the_message_is_a_sentence_with_the_numbers(health: HealthAnswer, message: str) -> None:
    (finding,) = find_alerts(health, SETTINGS)
    assert finding.message == message


@pytest.mark.parametrize(
    ("found", "threshold", "message"),
    [
        (leaking(), 0, None),
        (leaking(("parent_share", 5)), 5, None),
        (
            leaking(("parent_share", 6)),
            5,
            f"Events of parent_share have carried personal information since {PERIOD.start} (landing_page): 6 findings "
            "in 7 days. It was replaced before it was stored.",
        ),
        (
            leaking((None, 1200), ("a", 1), ("b", 1), fields=("metadata", "user_id", "user_agent")),
            0,
            f"Events of no loop have carried personal information since {PERIOD.start} (3 fields), and those of 2 more "
            "loops: 1,202 findings in 7 days. It was replaced before it was stored.",
        ),
    ],
)
def test_personal_information_in_events_names_the_worst_loop_and_since_when(
    found: EventPiiAnswer, threshold: int, message: str | None
) -> None:
    findings = find_alerts(flagged_ips(0), DetectionSettings(alert_event_pii=threshold), event_pii=found)
    assert [finding.message for finding in findings] == ([message] if message else [])


def test_the_most_severe_findings_come_first_and_every_type_has_a_rule() -> None:
    health = build_health(
        components=build_components(build_fraud(6), build_bots(4)), last_event_at=NOW - timedelta(days=1)
    )
    parts = health.components
    parts.coppa, parts.anomalies = violating(1).components.coppa, anomalous(1).components.anomalies
    parts.opt_outs = never_viewed(9, 10).components.opt_outs
    findings = find_alerts(health, SETTINGS, event_pii=leaking(("parent_share", 1)))
    assert [finding.severity for finding in findings] == ["critical", *["high"] * 4, *["medium"] * 2]
    assert {finding.type for finding in findings} == set(GUARDRAIL_TYPES)


def test_evidence_shows_a_hundred_rows_keeps_every_reference_once_and_links_to_the_panel() -> None:
    health = flagged_ips(130)
    health.components.fraud.suspicious_ips += health.components.fraud.suspicious_ips[:3]
    (finding,) = find_alerts(health, SETTINGS)
    evidence = finding.evidence
    assert (evidence.count, evidence.threshold, len(evidence.rows), len(evidence.refs)) == (130, 5, 100, 100)
    assert (evidence.rows[0].label, evidence.rows[0].ref, evidence.rows[0].value) == ("203.0.113.1", "ip-1", 11)
    assert evidence.link == "/dashboard/guardrails?days=7&panel=fraud"


def test_evidence_of_violations_names_the_place_and_never_the_value() -> None:
    violation = Violation.model_validate(
        {
            "id": 3,
            "content_kind": "parent_share",
            "content_id": "share-7",
            "type": "date_of_birth",
            "path": "/message",
            "masked": "****-**-**",
            "rule": "email",
            "actor": "child",
            "scanner_version": 1,
            "inserted_at": NOW,
            "found_at": NOW,
            "resolution": None,
            "note": None,
            "resolved_by": None,
            "resolved_at": None,
            "seconds_to_removal": None,
        }
    )
    (finding,) = find_alerts(violating(shares=1), SETTINGS, [violation])
    assert [row.label for row in finding.evidence.rows] == ["date of birth in parent share share-7: ****-**-**"]
    assert finding.evidence.refs == ["violation:3"]


def find(health: HealthAnswer) -> Finding:
    (finding,) = find_alerts(health, SETTINGS)
    return finding


@pytest.mark.parametrize(
    ("judged", "found", "covered"),
    [
        (flagged_ips(7), flagged_ips(7), True),
        (flagged_ips(8), flagged_ips(7), True),
        (flagged_ips(7), flagged_ips(8), False),
        (never_viewed(4, 10), never_viewed(4, 10), True),
        (never_viewed(4, 10), never_viewed(5, 10), False),
        (anomalous(busy=1), anomalous(eager=1), False),
    ],
)
def test_a_false_positive_covers_what_holds_nothing_new(
    judged: HealthAnswer, found: HealthAnswer, covered: bool
) -> None:
    assert is_covered(find(found), find(judged).evidence) == covered


def test_a_false_silence_covers_the_same_silence_but_not_the_next() -> None:
    judged, longer = silent_for(75), silent_for(75)
    longer = longer.model_copy(update={"computed_at": NOW + timedelta(minutes=10)})
    next_one = silent_for(75).model_copy(
        update={"computed_at": NOW + timedelta(hours=5), "last_event_at": NOW + timedelta(hours=3)}
    )
    assert is_covered(find(longer), find(judged).evidence)
    assert not is_covered(find(next_one), find(judged).evidence)
