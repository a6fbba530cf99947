"""Who sees people and tokens, and what the buttons do."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from dash import no_update

from dashboard.admin.people_page import act_on, invite, make_token, show
from dashboard.shell import build_navigation
from tests.support.answers import NOW
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find, text_of, walk
from viral_contract.models.people import (
    ROLE_SCOPES,
    PasswordLink,
    PeopleAnswer,
    PersonDetail,
    PersonInvited,
    Role,
    Scope,
)
from viral_contract.models.tokens import Token, TokenCreated, TokensAnswer

OWN = PersonDetail(
    id=1,
    email="admin@example.com",
    role=Role.ADMIN,
    created_at=NOW,
    signed_in_at=NOW,
    deactivated=False,
    has_password=True,
    single_sign_on=False,
)
ANA = OWN.model_copy(update={"id": 2, "email": "ana@example.com", "role": Role.VIEWER, "signed_in_at": None})
GONE = ANA.model_copy(update={"id": 3, "email": "gone@example.com", "deactivated": True, "single_sign_on": True})
LINK = PasswordLink(secret="a-secret", expires_at=NOW + timedelta(days=3))
TOKEN = Token(
    id=7,
    name="importer",
    scopes=[Scope.EVENTS_WRITE],
    created_at=NOW,
    created_by="admin@example.com",
    expires_at=NOW + timedelta(days=90),
    revoked_at=None,
    active=True,
)


@pytest.fixture
def listed(api: FakeApi, view_as: Any) -> FakeApi:
    view_as(Role.ADMIN)
    ended = TOKEN.model_copy(update={"id": 8, "active": False, "revoked_at": NOW})
    settings = TOKEN.model_copy(update={"id": 9, "created_by": "environment", "expires_at": None})
    api.answers["GET", "/v1/people"] = PeopleAnswer(people=[OWN, ANA, GONE], total_people=3, next_cursor=None)
    api.answers["GET", "/v1/tokens"] = TokensAnswer(tokens=[TOKEN, ended, settings], total_tokens=3, next_cursor=None)
    return api


def buttons(shown: Any) -> list[str]:
    return [text_of(each) for each in walk(shown) if type(each).__name__ == "Button"]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_others_than_admins_get_a_sentence_and_no_forms(api: FakeApi, view_as: Any, role: Role) -> None:
    view_as(role)
    shown = show(api.connect())
    assert "Only admins" in text_of(shown["list"])
    assert (shown["invite"], shown["token"], api.asked) == (True, True, [])


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        (Role.VIEWER, []),
        (Role.ANALYST, ["Messages", "Subscriptions"]),
        (
            Role.ADMIN,
            [
                *("Messages", "Notifications", "Subscriptions"),
                *("Administration", "Operations", "Feature flags", "People and tokens", "Audit"),
            ],
        ),
    ],
)
def test_everybody_is_led_only_where_something_is_for_them(role: Role, shown: list[str]) -> None:
    said = [text_of(each) for each in build_navigation(None, ROLE_SCOPES[role])]
    assert said == ["Guardrails", "Growth", "Reports", "Privacy", *shown]


def test_every_person_can_be_changed_but_oneself(listed: FakeApi) -> None:
    own, ana, gone = find(show(listed.connect())["list"], "violation")
    assert buttons(own) == []
    assert buttons(ana) == ["Make an analyst", "Make an admin", "New password link", "Deactivate"]
    assert "Let in again" in buttons(gone)
    assert "never signed in, by single sign-on" in text_of(gone)


def test_only_living_tokens_of_people_can_be_revoked(listed: FakeApi) -> None:
    living, ended, settings = find(show(listed.connect())["tokens"], "violation")
    assert buttons(living) == ["Revoke importer"]
    assert (buttons(ended), buttons(settings)) == ([], [])
    assert "Revoked" in text_of(ended)
    assert "by the settings" in text_of(settings)


def test_an_invitation_tells_its_link_once(listed: FakeApi) -> None:
    listed.answers["POST", "/v1/people"] = PersonInvited(person=ANA, password_link=LINK)
    answer = invite(listed.connect(), " ana@example.com ", "viewer")
    assert json.loads(listed.asked[0].content) == {"email": "ana@example.com", "role": "viewer"}
    assert "http://127.0.0.1:8050/set-password?key=a-secret" in text_of(answer["secret"])
    assert (answer["said"], answer["email"]) == ("ana@example.com is let in.", "")


def test_a_token_tells_its_secret_once(listed: FakeApi) -> None:
    listed.answers["POST", "/v1/tokens"] = TokenCreated(**dict(TOKEN), secret="the-secret")
    answer = make_token(listed.connect(), "importer", "30", ["events:write"])
    assert json.loads(listed.asked[0].content) == {
        "name": "importer",
        "scopes": ["events:write"],
        "expires_in_days": 30,
    }
    assert "the-secret" in text_of(answer["secret"])
    assert (answer["name"], answer["scopes"], answer["email"]) == ("", [], no_update)


@pytest.mark.parametrize(
    ("action", "sent"),
    [("analyst", {"role": "analyst"}), ("deactivate", {"deactivated": True}), ("activate", {"deactivated": False})],
)
def test_a_button_changes_what_it_says(listed: FakeApi, action: str, sent: dict[str, Any]) -> None:
    listed.answers["PATCH", "/v1/people/2"] = ANA
    answer = act_on(listed.connect(), "person", 2, action)
    assert json.loads(listed.asked[0].content) == sent
    assert (answer["said"], answer["secret"]) == ("ana@example.com is viewer now.", None)


def test_a_refusal_is_told_in_words_and_keeps_everything(listed: FakeApi) -> None:
    problem = {"status": 409, "title": "", "code": "last_admin", "detail": "Nobody would be left."}
    listed.answers["PATCH", "/v1/people/2"] = httpx.Response(409, json=problem)
    answer = act_on(listed.connect(), "person", 2, "deactivate")
    assert (answer["said"], answer["list"], answer["email"]) == ("Nobody would be left.", no_update, no_update)


@pytest.mark.parametrize("given", [(None, "90", ["admin"]), ("importer", "90", [])])
def test_a_form_that_is_not_filled_in_asks_for_the_rest(listed: FakeApi, given: Any) -> None:
    assert make_token(listed.connect(), *given)["said"].startswith("Nothing was changed")
    assert invite(listed.connect(), "", "viewer")["said"].startswith("Nothing was changed")
    assert listed.asked == []


def test_without_the_api_the_page_says_so(listed: FakeApi) -> None:
    listed.is_down = True
    assert "temporarily unavailable" in text_of(show(listed.connect())["list"])
