"""Who sees and changes who gets the scheduled reports."""

import json
from typing import Any

import httpx
import pytest

from dashboard.admin.subscriptions import LISTED
from dashboard.lists.view import press, show, submit
from tests.support.answers import NOW
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find, text_of, walk
from viral_contract.models.people import Role
from viral_contract.models.subscriptions import (
    Subscribed,
    Subscription,
    SubscriptionsAnswer,
    Suppression,
    SuppressionsAnswer,
)

PATH, SUPPRESSIONS = "/v1/subscriptions", "/v1/suppressions"
ANA = Subscription(
    id=7, email="ana@example.com", report_type="weekly", created_by="olga@example.com", created_at=NOW, suppressed=None
)
BEN = ANA.model_copy(update={"id": 8, "email": "ben@example.com", "suppressed": "550 no such user"})
GONE = Suppression(email="ben@example.com", reason="550 no such user", delivery_id=3, created_at=NOW)


@pytest.fixture
def listed(api: FakeApi, view_as: Any) -> FakeApi:
    view_as(Role.ANALYST)
    api.answers["GET", PATH] = SubscriptionsAnswer(subscriptions=[ANA, BEN], total_subscriptions=2, next_cursor="more")
    api.answers["GET", SUPPRESSIONS] = SuppressionsAnswer(suppressions=[GONE], total_suppressions=1, next_cursor=None)
    return api


def shown_to(api: FakeApi, search: str = "") -> dict[str, Any]:
    """The page as the viewer gets it."""
    return show(LISTED, api.connect(), search, now=NOW)


def subscribe(api: FakeApi, recipients: str, kind: str) -> dict[str, Any]:
    """Save the form."""
    return submit(LISTED, api.connect(), "form", {"recipients": recipients, "kind": kind})


def test_viewers_get_a_sentence_and_no_form(api: FakeApi, view_as: Any) -> None:
    view_as(Role.VIEWER)
    shown = shown_to(api)
    assert "Only analysts and admins" in text_of(shown["notice"])
    assert (set(shown["hidden"].values()), api.asked) == ({True}, [])


def test_both_reports_and_the_suppressed_addresses_are_listed(listed: FakeApi) -> None:
    shown = list(shown_to(listed, "?weekly=here")["bodies"].values())
    asked = [dict(request.url.params) for request in listed.asked]
    assert asked == [
        {"report_type": "weekly", "limit": "100", "cursor": "here"},
        {"report_type": "monthly", "limit": "100"},
        {"limit": "100"},
    ]
    said = [" ".join(text_of(each).split()) for each in find(shown, "recipient")]
    assert said[0] == "ana@example.com since 31 Mar 2026, by olga@example.com Remove ana@example.com"
    assert "Gets no email" in said[1]
    assert said[4] == "ben@example.com 550 no such user since 31 Mar 2026 Allow again ben@example.com"
    assert [each.href for each in walk(shown) if hasattr(each, "href")] == [
        "/dashboard/subscriptions?weekly=more",
        "/dashboard/subscriptions?weekly=here&monthly=more",
    ]


def test_empty_lists_say_so(listed: FakeApi) -> None:
    listed.answers["GET", PATH] = SubscriptionsAnswer(subscriptions=[], total_subscriptions=0, next_cursor=None)
    listed.answers["GET", SUPPRESSIONS] = SuppressionsAnswer(suppressions=[], total_suppressions=0, next_cursor=None)
    said = [text_of(each) for each in find(list(shown_to(listed)["bodies"].values()), "nothing")]
    assert said == ["No recipients yet"] * 2 + ["No suppressed addresses"]


def test_addresses_are_split_and_subscribed(listed: FakeApi) -> None:
    listed.answers["POST", PATH] = Subscribed(subscriptions=[ANA, BEN])
    answer = subscribe(listed, "ana@example.com; ben@example.com,\n ana@example.com", "monthly")
    assert json.loads(listed.asked[0].content) == {
        "recipient_emails": ["ana@example.com", "ben@example.com", "ana@example.com"],
        "report_type": "monthly",
    }
    assert (answer["said"], answer["emptied"]) == ("Added 2 recipients to the monthly report.", "form")


def test_each_bad_address_is_named_and_the_text_is_kept(listed: FakeApi) -> None:
    errors = [{"pointer": "/recipient_emails/1", "detail": "An email address must have an @-sign."}]
    problem = {"status": 422, "title": "", "code": "invalid", "detail": "Nothing was changed.", "errors": errors}
    listed.answers["POST", PATH] = httpx.Response(422, json=problem)
    answer = subscribe(listed, "ana@example.com, nobody", "weekly")
    said = " ".join(text_of(answer["said"]).split())
    assert said == "Nothing was changed. Please fix: “nobody”: An email address must have an @-sign."
    assert answer.keys() == {"said"}


def test_an_empty_form_asks_for_an_address(listed: FakeApi) -> None:
    assert subscribe(listed, " ,; ", "weekly") == {"said": "Enter at least one email address."}
    assert listed.asked == []


@pytest.mark.parametrize(
    ("action", "of", "path", "said"),
    [
        ("remove", "7", f"{PATH}/7", "Recipient removed."),
        ("allow", "ben@example.com", f"{SUPPRESSIONS}/ben@example.com", "ben@example.com can receive email again."),
    ],
)
def test_buttons_end_a_subscription_or_a_suppression(
    listed: FakeApi, action: str, of: str, path: str, said: str
) -> None:
    listed.answers["DELETE", path] = httpx.Response(204)
    assert press(LISTED, listed.connect(), action, of)["said"] == said
    assert (listed.asked[0].method, listed.asked[0].url.path) == ("DELETE", path)


def test_without_the_api_the_page_says_so(listed: FakeApi) -> None:
    listed.is_down = True
    assert "Data is temporarily unavailable" in text_of(shown_to(listed)["notice"])
    for said in (
        subscribe(listed, "ana@example.com", "weekly")["said"],
        press(LISTED, listed.connect(), "remove", "7")["said"],
    ):
        assert said == "Nothing was changed: the metrics API is not responding. Try again in a minute."
