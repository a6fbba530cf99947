"""Who sees and changes which alerts are told to whom."""

import json
from typing import Any

import httpx
import pytest
from dash import no_update

from dashboard.admin.notifications import LISTED, act, save_rule
from dashboard.lists.view import show
from tests.support.answers import NOW
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find, text_of
from viral_contract.models.notifications import (
    LastMessage,
    MessageAsked,
    NotificationRule,
    RulesAnswer,
    SavedRule,
    SigningSecret,
)
from viral_contract.models.people import Role

PATH = "/v1/notification-rules"
LAST = LastMessage(at=NOW, is_test=False, news=2, status="failed", reason="The webhook returned 500")
RULE = NotificationRule(
    id=7,
    name="On call",
    severities=["critical", "high"],
    channel="webhook",
    target="https://hooks.example.com/…",
    enabled=True,
    switched_on=True,
    created_by="olga@example.com",
    created_at=NOW,
    waiting=3,
    last_message=LAST,
)
FORM = {
    "name": "On call",
    "severities": ["high", "critical"],
    "channel": "webhook",
    "target": " https://h.example/x ",
    "event_types": ["case.opened", "alert.opened"],
}
SAVED = SavedRule(**RULE.model_dump(), secret="s3cret-shown-once")


def build_answer(*rules: NotificationRule, switched_on: bool = True) -> RulesAnswer:
    """The list of these rules."""
    return RulesAnswer(rules=list(rules), total_rules=len(rules), switched_on=switched_on, next_cursor=None)


@pytest.fixture
def listed(api: FakeApi, view_as: Any) -> FakeApi:
    view_as(Role.ADMIN)
    api.answers["GET", PATH] = build_answer(RULE)
    api.answers["GET", f"{PATH}/7"] = RULE
    return api


def shown_to(api: FakeApi, shown: Any = None) -> dict[str, Any]:
    """The page as the viewer gets it."""
    return show(LISTED, api.connect(), "", shown, now=NOW)


def said_of(node: Any) -> str:
    """All text with single spaces."""
    return " ".join(text_of(node).split())


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_others_than_admins_get_a_sentence_and_no_form(api: FakeApi, view_as: Any, role: Role) -> None:
    view_as(role)
    shown = shown_to(api)
    assert (text_of(shown["notice"]), shown["hidden"], shown["rests"], api.asked) == (
        "Only admins can view and change who is notified.",
        {"form": True, "rules": True},
        True,
        [],
    )


def test_a_rule_is_shown_with_how_its_newest_message_fared(listed: FakeApi) -> None:
    shown = shown_to(listed)
    (said,) = [said_of(each) for each in find(shown["bodies"]["rules"], "violation")]
    assert said.startswith("On call since 31 Mar 2026, by olga@example.com Critical High Webhook: https://hooks")
    assert "Failed 2 updates, 31 Mar 10:28 UTC The webhook returned 500 3 waiting for the next digest" in said
    assert (shown["hidden"], find(shown["bodies"]["rules"], "notice")) == ({"form": False, "rules": False}, [])


def test_what_has_not_changed_is_not_drawn_again(listed: FakeApi) -> None:
    shown = shown_to(listed)["shown"]
    assert shown_to(listed, shown)["bodies"]["rules"] is no_update


def test_while_the_flag_is_off_the_page_says_how_to_switch_it_on(listed: FakeApi) -> None:
    listed.answers["GET", PATH] = build_answer(switched_on=False)
    shown = shown_to(listed)
    assert "No one is notified: the flag alert_notifications is off." in said_of(shown["bodies"]["rules"])
    assert "No rules yet, so no one is notified about alerts." in said_of(shown["bodies"]["rules"])


def test_a_new_rule_shows_its_secret_once_and_how_to_verify_with_it(listed: FakeApi) -> None:
    listed.answers["POST", PATH] = SAVED
    changed = save_rule(listed.connect(), None, FORM)
    assert json.loads(listed.asked[0].content) == {
        "name": "On call",
        "severities": ["critical", "high"],
        "channel": "webhook",
        "target": "https://h.example/x",
        "enabled": True,
        "event_types": ["case.opened", "alert.opened"],
    }
    assert (changed["said"], changed["name"], changed["target"], changed["editing"]) == ("Saved On call.", "", "", None)
    assert "s3cret-shown-once" in text_of(changed["once"])
    assert "Webhook(secret).verify(body, headers)" in text_of(changed["once"])


def test_an_edited_rule_keeps_its_target_and_its_state(listed: FakeApi) -> None:
    listed.answers["GET", f"{PATH}/7"] = RULE.model_copy(update={"enabled": False})
    listed.answers["PUT", f"{PATH}/7"] = SavedRule(**RULE.model_dump(), secret=None)
    form = act(listed.connect(), "edit", 7)
    assert (form["editing"], form["target"], form["hint"]) == (
        7,
        "",
        "Leave it empty to keep https://hooks.example.com/…",
    )
    changed = save_rule(listed.connect(), 7, {**FORM, "target": ""})
    sent = json.loads(listed.asked[-1].content)
    assert (sent["target"], sent["enabled"], changed["once"]) == (None, False, [])


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", " ", "Nothing was changed: enter a name for the rule."),
        ("name", "x" * 101, "Nothing was changed: the name must have at most 100 characters."),
        ("name", "a\0b", "Nothing was changed: the name must not contain control characters."),
        ("target", "x" * 2001, "Nothing was changed: the target must have at most 2000 characters."),
        ("severities", [], "Nothing was changed: choose at least one severity."),
        (
            "target",
            "nowhere",
            "Nothing was changed: the target must be a URL such as https://hooks.example.com/alerts.",
        ),
    ],
)
def test_a_form_that_makes_no_sense_is_told_in_words(listed: FakeApi, field: str, value: Any, said: str) -> None:
    changed = save_rule(listed.connect(), None, {**FORM, field: value})
    assert (changed, listed.asked) == ({"said": said}, [])


def test_a_refused_rule_keeps_the_form(listed: FakeApi) -> None:
    problem = {"status": 409, "title": "", "code": "name_taken", "detail": "Another rule already has this name."}
    listed.answers["POST", PATH] = httpx.Response(409, json=problem)
    changed = save_rule(listed.connect(), None, FORM)
    assert changed == {"said": "Another rule already has this name."}


def test_the_buttons_do_what_they_say(listed: FakeApi) -> None:
    listed.answers["POST", f"{PATH}/7/test"] = MessageAsked(request_id=1)
    listed.answers["POST", f"{PATH}/7/secret"] = SigningSecret(secret="a new one")
    listed.answers["PUT", f"{PATH}/7"] = SavedRule(**RULE.model_dump(), secret=None)
    listed.answers["DELETE", f"{PATH}/7"] = httpx.Response(204)
    api = listed.connect()
    assert act(api, "test", 7)["said"] == "Test message for On call is on its way."
    assert "a new one" in text_of(act(api, "secret", 7)["once"])
    assert act(api, "off", 7)["said"] == "Turned off On call."
    assert json.loads(listed.asked[-1].content)["enabled"] is False
    assert act(api, "delete", 7)["said"] == "Deleted On call."


def test_without_the_api_the_page_says_so_and_keeps_what_it_showed(listed: FakeApi) -> None:
    shown = shown_to(listed)["shown"]
    listed.is_down = True
    assert "Data is temporarily unavailable" in text_of(shown_to(listed)["notice"])
    later = shown_to(listed, shown)
    assert (later["bodies"]["rules"], later["problem_hidden"]) == (no_update, False)
    assert "is not responding" in act(listed.connect(), "test", 7)["said"]


def test_a_rule_says_what_it_is_about_where_that_is_not_alerts_alone(listed: FakeApi) -> None:
    assert "Alert opened" not in said_of(shown_to(listed)["bodies"]["rules"])
    about = RULE.model_copy(update={"event_types": ["case.opened", "conversion.not_credible"]})
    listed.answers["GET", PATH] = build_answer(about)
    assert "Case opened, Conversion not credible" in said_of(shown_to(listed)["bodies"]["rules"])


@pytest.mark.parametrize(
    ("event_types", "reason"),
    [([], "choose at least one event"), (["case.opened"], "use the channel webhook")],
)
def test_a_form_with_events_that_its_channel_does_not_carry_is_explained(
    listed: FakeApi, event_types: list[str], reason: str
) -> None:
    form = {**FORM, "channel": "email", "target": "ana@example.com", "event_types": event_types}
    assert reason in text_of(save_rule(listed.connect(), None, form)["said"])
    assert listed.asked == []
