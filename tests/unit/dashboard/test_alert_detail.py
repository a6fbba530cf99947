"""What the page of one alert says."""

from datetime import timedelta
from typing import Any

import pytest
from dash import no_update

from dashboard.components.alert_detail import build_detail
from dashboard.pages.alert import act
from tests.unit.dashboard.answers import NOW, build_alert
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find, rows_of, text_of, walk
from viral_engine.contract.alerts import AlertDetail, AlertQuality

QUALITY = AlertQuality.model_validate(
    {"types": [{"type": "fraud_detection", "opened": 4, "false_positives": 1, "false_positive_rate": 0.25}]}
)


def draw(*actions: dict[str, Any], **fields: Any) -> list[Any]:
    alert = AlertDetail.model_validate({**build_alert(7, **fields).model_dump(), "actions": list(actions)})
    return build_detail(alert, QUALITY, now=NOW)


def test_the_evidence_leads_to_the_investigation_of_its_dates() -> None:
    body = draw()
    assert rows_of(body)[1:] == [["203.0.113.*", "–", "130"]]
    hrefs = [getattr(part, "href", None) for part in walk(body)]
    assert "/dashboard/investigations?start=2026-03-25&end=2026-03-31&kind=ip_address&id=ref_1" in hrefs


def test_it_says_how_often_alerts_of_its_kind_were_false() -> None:
    assert "Alerts of this kind so far: 4, of them false positives: 1" in text_of(draw())


def test_the_history_names_who_did_what_with_their_note() -> None:
    action = {"at": NOW, "actor": "ana", "action": "acknowledge_alert", "note": "a click farm", "until": None}
    said = text_of(draw(action, status="acknowledged", acknowledged_by="ana"))
    assert "ana acknowledged it" in said
    assert "a click farm" in said


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "open"}, "Open"),
        ({"status": "acknowledged", "acknowledged_by": "ana"}, "Acknowledged by ana"),
        ({"status": "snoozed", "snoozed_until": NOW + timedelta(hours=1)}, "Snoozed until 31 Mar 11:28 UTC"),
        ({"status": "resolved", "resolved_at": NOW}, "Over by itself"),
        ({"status": "resolved", "resolved_by": "ana"}, "Resolved by ana"),
        ({"status": "false_positive"}, "False positive"),
    ],
)
def test_the_state_is_said_in_words(fields: dict[str, Any], words: str) -> None:
    assert words in text_of(find(draw(**fields), "alert-facts"))


def test_an_action_that_fails_is_told_in_words_and_keeps_alert_and_note() -> None:
    api = FakeApi()
    api.is_down = True
    said = "Nothing was changed: the metrics API does not answer. Please try again in a minute."
    answer = act(api.connect(), "alert-resolve", "a click farm", "24", "?id=7")
    assert answer == (no_update, no_update, said, "a click farm")
