"""Who sees people and tokens, and what the buttons do."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from dashboard.admin.people import LISTED
from dashboard.lists.view import press, show, submit
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


def shown_to(api: FakeApi) -> dict[str, Any]:
    """The page as the viewer gets it."""
    return show(LISTED, api.connect(), "", now=NOW)


def buttons(shown: Any) -> list[str]:
    return [text_of(each) for each in walk(shown) if type(each).__name__ == "Button"]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_others_than_admins_get_a_sentence_and_no_forms(api: FakeApi, view_as: Any, role: Role) -> None:
    view_as(role)
    shown = shown_to(api)
    assert "Only admins" in text_of(shown["notice"])
    assert (set(shown["hidden"].values()), api.asked) == ({True}, [])


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        (Role.VIEWER, ["Rules and drafts"]),
        (Role.ANALYST, ["Rules and drafts", "Messages", "Subscriptions"]),
        (
            Role.ADMIN,
            [
                *("Lists", "Rules and drafts"),
                *("Messages", "Notifications", "Subscriptions"),
                *("Administration", "Operations", "Feature flags", "People and tokens", "Audit"),
            ],
        ),
    ],
)
def test_everybody_is_led_only_where_something_is_for_them(role: Role, shown: list[str]) -> None:
    said = [text_of(each) for each in build_navigation(None, ROLE_SCOPES[role])]
    pages = ["Guardrails", "Cases", "Growth", "Reports", "Privacy"]
    assert said == [*pages, "Detection", "Filtered traffic", *shown]


def test_every_person_can_be_changed_but_oneself(listed: FakeApi) -> None:
    own, ana, gone = find(shown_to(listed)["bodies"]["list"], "violation")
    assert buttons(own) == []
    assert buttons(ana) == ["Make an analyst", "Make an admin", "Reset password", "Deactivate"]
    assert "Reactivate" in buttons(gone)
    assert "Never signed in · single sign-on" in text_of(gone)


def test_only_living_tokens_of_people_can_be_revoked(listed: FakeApi) -> None:
    living, ended, settings = find(shown_to(listed)["bodies"]["tokens"], "violation")
    assert buttons(living) == ["Revoke importer"]
    assert (buttons(ended), buttons(settings)) == ([], [])
    assert "Revoked" in text_of(ended)
    assert "by the settings" in text_of(settings)


def test_an_invitation_tells_its_link_once(listed: FakeApi) -> None:
    listed.answers["POST", "/v1/people"] = PersonInvited(person=ANA, password_link=LINK)
    answer = submit(LISTED, listed.connect(), "invite", {"email": " ana@example.com ", "role": "viewer"})
    assert json.loads(listed.asked[0].content) == {"email": "ana@example.com", "role": "viewer"}
    assert "http://127.0.0.1:8050/set-password?key=a-secret" in text_of(answer["once"])
    assert (answer["said"], answer["emptied"]) == ("Invite sent to ana@example.com", "invite")


def test_a_token_tells_its_secret_once(listed: FakeApi) -> None:
    listed.answers["POST", "/v1/tokens"] = TokenCreated(**dict(TOKEN), secret="the-secret")
    answer = submit(LISTED, listed.connect(), "token", {"name": "importer", "days": "30", "scopes": ["events:write"]})
    assert json.loads(listed.asked[0].content) == {
        "name": "importer",
        "scopes": ["events:write"],
        "expires_in_days": 30,
    }
    assert "the-secret" in text_of(answer["once"])
    assert answer["emptied"] == "token"


@pytest.mark.parametrize(
    ("action", "sent"),
    [("analyst", {"role": "analyst"}), ("deactivate", {"deactivated": True}), ("activate", {"deactivated": False})],
)
def test_a_button_changes_what_it_says(listed: FakeApi, action: str, sent: dict[str, Any]) -> None:
    listed.answers["PATCH", "/v1/people/2"] = ANA
    answer = press(LISTED, listed.connect(), action, 2)
    assert json.loads(listed.asked[0].content) == sent
    assert (answer["said"], answer["once"]) == ("ana@example.com is now a viewer.", [])


def test_a_refusal_is_told_in_words_and_keeps_everything(listed: FakeApi) -> None:
    problem = {"status": 409, "title": "", "code": "last_admin", "detail": "Nobody would be left."}
    listed.answers["PATCH", "/v1/people/2"] = httpx.Response(409, json=problem)
    answer = press(LISTED, listed.connect(), "deactivate", 2)
    assert answer == {"said": "Nobody would be left."}


def test_a_new_password_ends_the_old_one(listed: FakeApi) -> None:
    listed.answers["POST", "/v1/people/2/password-link"] = LINK
    answer = press(LISTED, listed.connect(), "password", 2)
    assert answer["said"] == "The old password no longer works."
    assert "/set-password?key=a-secret" in text_of(answer["once"])


@pytest.mark.parametrize(
    "given",
    [{"name": None, "days": "90", "scopes": ["admin"]}, {"name": "importer", "days": "90", "scopes": []}],
)
def test_a_form_that_is_not_filled_in_asks_for_the_rest(listed: FakeApi, given: Any) -> None:
    said = submit(LISTED, listed.connect(), "token", given)
    assert said == {"said": "Enter a token name and choose at least one scope."}
    assert submit(LISTED, listed.connect(), "invite", {"email": " ", "role": "viewer"}) == {
        "said": "Enter an email address."
    }
    assert listed.asked == []


def test_without_the_api_the_page_says_so(listed: FakeApi) -> None:
    listed.is_down = True
    assert "temporarily unavailable" in text_of(shown_to(listed)["notice"])
