"""What the cards about alerts, history, opt-outs, compliance and anomalies say."""

from datetime import date, timedelta
from typing import Any

import pytest
from dash import html, no_update

from dashboard.components.card import Card
from dashboard.data import Snapshot
from dashboard.guardrails import (
    alerts,
    anomalies,
    bots,
    coppa,
    deductions,
    event_pii,
    fraud,
    health_score,
    history,
    opt_outs,
)
from tests.support.answers import (
    COMMON,
    NOW,
    build_alert,
    build_alerts,
    build_components,
    build_event_pii,
    build_health,
    build_history,
)
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.snapshots import build_snapshot
from tests.unit.dashboard.tree import find, rows_of, text_of, walk
from viral_contract.models.alerts import Alert, AlertDetail
from viral_contract.models.evaluations import HistoryAnswer
from viral_contract.models.guardrails import AnomalyAnswer, Components, CoppaAnswer, EventPiiAnswer, OptOutAnswer
from viral_contract.models.period import Period


def draw(
    card: Card[Snapshot],
    *open_alerts: Alert,
    scores: tuple[float, ...] = (),
    leaks: EventPiiAnswer | None = None,
    **components: Any,
) -> list[Any]:
    given = build_components().model_copy(update=components)
    health = build_health(components=Components.model_validate(given.model_dump()))
    alerts_shown, points = build_alerts(*open_alerts), build_history(*scores)
    snapshot = build_snapshot(health=health, alerts=alerts_shown, history=points, event_pii=leaks or build_event_pii())
    return card.build_body(snapshot)


def test_without_alerts_the_card_says_so() -> None:
    assert text_of(draw(alerts.CARD)) == "No active alerts Alert history"


def test_an_alert_leads_to_its_page_with_message_severity_and_age() -> None:
    body = draw(alerts.CARD, build_alert(7))
    assert text_of(find(body, "alert-message")) == "9 addresses made more than 10 clicks on one day."
    assert text_of(find(body, "severity")) == "High"
    assert "opened 2 hours ago" in text_of(find(body, "alert-facts"))
    hrefs = [getattr(part, "href", None) for part in walk(body)]
    assert "/dashboard/guardrails/alert?id=7" in hrefs


def test_an_acknowledged_alert_names_who_took_it() -> None:
    taken = build_alert(acknowledged_by="ana@example.com", status="acknowledged")
    body = draw(alerts.CARD, taken, build_alert(7))
    assert "Acknowledged by ana@example.com" in " ".join(text_of(body).split())
    assert "1 open, 1 acknowledged · judged over the last 7 days" in text_of(body)
    assert [button.id["row"] for button in find(body, "button")] == [7]


def test_who_may_not_act_sees_no_button() -> None:
    body = alerts.CARD.build_body(build_snapshot(alerts=build_alerts(build_alert()), may_act=False))
    assert find(body, "button") == []
    assert "Not acknowledged" in text_of(body)


def test_acknowledging_redraws_the_card_or_says_what_failed() -> None:
    api = FakeApi()
    taken = build_alert(7, acknowledged_by="ana@example.com", status="acknowledged")
    answer = AlertDetail.model_validate({**taken.model_dump(), "actions": []})
    api.answers["POST", "/v1/alerts/7/acknowledge"] = answer
    api.answers["GET", "/v1/alerts"] = build_alerts(taken)
    card, message = alerts.acknowledge(api.connect(), 7, now=COMMON["computed_at"])
    assert "ana@example.com" in text_of(card)
    assert message is no_update
    api.is_down = True
    card, message = alerts.acknowledge(api.connect(), 7, now=COMMON["computed_at"])
    assert card is no_update
    assert "not responding" in text_of(message)


def build_days(*scores: float | None) -> HistoryAnswer:
    """One point a day, the last one yesterday; None where there was no data."""
    known = build_history(*(100 if score is None else score for score in scores))
    points = [
        point.model_copy(
            update={"computed_at": NOW - timedelta(days=len(scores) - number), "has_data": scores[number] is not None}
        )
        for number, point in enumerate(known.points)
    ]
    first = NOW.date() - timedelta(days=len(scores))
    return known.model_copy(update={"points": points, "period": Period.between(first, NOW.date())})


def test_history_has_a_gap_where_there_was_no_data_and_the_chosen_period_is_shaded() -> None:
    body = html.Div(history.CARD.build_body(build_snapshot(history=build_days(80, None, 90))))
    days = [each for each in walk(body) if getattr(each, "className", "").startswith("history-day ")]
    assert len(days) == 4
    assert [day.title.partition(": ")[2] for day in days] == ["80.0", "no data", "90.0", "no data"]
    bars = [each.style["height"] for each in walk(body) if "history-bar" in str(getattr(each, "className", ""))]
    assert bars == ["80.0%", "90.0%"]
    assert [row[1:] for row in rows_of(body)[1:]] == [["90.0", "good"], ["80.0", "good"]]


def test_alerts_are_numbered_marks_with_a_legend() -> None:
    snapshot = build_snapshot(history=build_days(80, 90), alerts_shown=[build_alert(), build_alert(id=8)])
    body = html.Div(history.CARD.build_body(snapshot))
    marks = [text_of(each) for each in walk(body) if getattr(each, "className", "") == "history-mark"]
    assert marks == ["1", "1"]
    assert "1 Click fraud suspected , Click fraud suspected" in " ".join(text_of(find(body, "marks")).split())


@pytest.mark.parametrize(
    ("start", "chosen", "days"), [("2026-03-25", None, 30), ("2026-03-25", "90", 90), ("2025-12-01", "30", 121)]
)
def test_history_is_of_a_month_and_of_the_whole_period(start: str, chosen: str | None, days: int) -> None:
    period = Period.between(date.fromisoformat(start), NOW.date())
    shown = history.find_dates(period, chosen, now=NOW)
    assert (shown.days, shown.end) == (days, NOW.date())


@pytest.mark.parametrize("card", [fraud.CARD, bots.CARD, anomalies.CARD, health_score.CARD, deductions.CARD])
def test_what_was_flagged_on_purged_dates_is_not_known(card: Card[Snapshot]) -> None:
    health = build_health(is_partial=True)
    body = html.Div(card.build_body(build_snapshot(health=health)))
    assert text_of(body) == "Not available: only totals are kept for some dates in this period, not what was flagged."


def test_history_needs_a_point_and_then_has_a_table_for_screen_readers() -> None:
    assert "Not enough history yet" in text_of(draw(history.CARD))
    assert "Score history, newest first" in text_of(draw(history.CARD, scores=(80, 90)))


def test_an_opt_out_rate_is_judged_by_the_alerts_limit() -> None:
    answer = OptOutAnswer.model_validate(
        {
            **COMMON,
            "thresholds": {"alert_opt_out_rate": 0.3},
            "parent_shares": {"total": 10, "never_viewed": 4, "opt_out_rate": 0.4},
            "attribution_links": {"total": 8, "zero_clicks": 1, "opt_out_rate": 0.125},
            "study_sessions": {"total": 2, "avg_participants": 3.5},
        }
    )
    said = text_of(draw(opt_outs.CARD, opt_outs=answer))
    assert "40.0%" in said
    assert "4 of 10 never viewed · above the 30% threshold" in said
    assert "1 of 8 never clicked" in said
    assert "3.5 participants" in said


def test_nothing_shared_is_no_good_rate() -> None:
    assert text_of(draw(opt_outs.CARD)) == text_of(draw(coppa.CARD)) == "No data in this period"


def test_compliance_says_whether_the_target_is_met() -> None:
    kind = {"total_checked": 100, "violations_found": 2, "compliance_rate": 0.98}
    clean = {"total_checked": 0, "violations_found": 0, "compliance_rate": 1}
    answer = CoppaAnswer.model_validate(
        {
            **COMMON,
            "parent_shares": kind,
            "progress_reels": clean,
            "overall_compliance_rate": 0.98,
            "open_violations": 2,
            "target_rate": 0.99,
            "target_met": False,
        }
    )
    said = text_of(draw(coppa.CARD, coppa=answer))
    assert "Target 99%: missed" in said
    assert "2 of 100 with violations" in said
    assert "Not scanned" not in said
    waiting = answer.model_copy(update={"not_scanned": 1})
    assert "Not scanned yet 1 counted as violations" in text_of(draw(coppa.CARD, coppa=waiting))


def test_the_loops_that_leak_personal_information_are_named_with_since_when() -> None:
    leaks = build_event_pii({}, {"source": None, "fields": ["user_id", "landing_page"], "events": 1_200})
    body = draw(coppa.CARD, leaks=leaks)
    assert [" ".join(text_of(each).split()) for each in find(body, "check")] == [
        "Event URLs, Parent share 14 since 25 Mar",
        "Events, No loop 1,200 since 25 Mar",
    ]
    assert "/dashboard/guardrails/event-pii?days=7" in [getattr(part, "href", "") for part in walk(body)]


def test_of_many_leaking_loops_the_rest_is_counted() -> None:
    body = draw(coppa.CARD, leaks=build_event_pii(*({"source": f"loop_{number}"} for number in range(5))))
    assert text_of(find(body, "check")[-1]).split() == "Events of other loops 2".split()


def test_every_leak_is_listed_by_day() -> None:
    leak = {
        "first_seen": "2026-03-20",
        "date": "2026-03-28",
        "source": "parent_share",
        "field": "landing_page",
        "type": "email",
        "events": 14,
    }
    rows = rows_of(event_pii.build_rows(build_event_pii({}, leaks=[leak]), "?days=7"))
    assert rows[1] == ["Parent share", "28 Mar 2026", "landing_page", "Email address", "20 Mar 2026", "14"]
    assert "No personal information" in text_of(event_pii.build_rows(build_event_pii(), "?days=7"))


def test_flagged_referrers_lead_to_their_investigation() -> None:
    answer = AnomalyAnswer.model_validate(
        {
            **COMMON,
            "thresholds": {"conversion_anomaly_threshold": 0.8, "conversion_anomaly_daily_threshold": 10},
            "suspicious_referrers": [{"date": "2026-03-30", "referrer_id": "busy", "conversion_count": 11}],
            "high_conversion_rate_referrers": [
                {"referrer_id": "a&b", "total_clicks": 6, "total_conversions": 6, "conversion_rate": 1.0}
            ],
            "total_flagged": 2,
            "next_cursor": None,
        }
    )
    body = draw(anomalies.CARD, anomalies=answer)
    hrefs = [part.href for part in walk(body) if hasattr(part, "href")]
    assert hrefs == [
        "/dashboard/investigations?days=7&kind=referrer&id=a%26b",
        "/dashboard/investigations?days=7&kind=referrer&id=busy",
        "/dashboard/guardrails/anomalies?days=7",
    ]
    assert "2 flagged referrers" in text_of(body)
