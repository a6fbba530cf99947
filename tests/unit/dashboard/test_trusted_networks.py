"""Who sees which networks are trusted, and what they can change."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from dashboard.admin.trusted_networks import LISTED, format_end
from dashboard.lists.view import press, show, submit
from tests.support.answers import NOW
from tests.unit.dashboard.callbacks import press as press_button
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find, text_of, walk
from viral_contract.models.people import Role
from viral_contract.models.trusted_networks import TrustedNetwork, TrustedNetworksAnswer

PATH = "/v1/trusted-networks"
SCHOOL = TrustedNetwork(
    cidr="203.0.113.0/24",
    reason="Lakeside School",
    expires_at=datetime(2027, 7, 1, tzinfo=UTC),
    created_at=NOW,
    created_by="ana@example.com",
    active=True,
)
EXPIRED = SCHOOL.model_copy(update={"cidr": "192.0.2.7/32", "active": False, "expires_at": NOW})
FOREVER = SCHOOL.model_copy(update={"cidr": "2001:db8::/32", "expires_at": None})


@pytest.fixture
def listed(api: FakeApi, view_as: Any) -> FakeApi:
    view_as(Role.ADMIN)
    api.answers["GET", PATH] = TrustedNetworksAnswer(
        trusted_networks=[EXPIRED, SCHOOL, FOREVER], total_networks=3, next_cursor="more"
    )
    return api


def shown_to(api: FakeApi) -> dict[str, Any]:
    """The page as the viewer gets it."""
    return show(LISTED, api.connect(), "", now=NOW)


def trust(api: FakeApi, cidr: str, reason: str, until: str | None = None) -> dict[str, Any]:
    """Save the form."""
    return submit(LISTED, api.connect(), "form", {"cidr": cidr, "reason": reason, "until": until})


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_others_than_admins_get_a_sentence_and_no_form(api: FakeApi, view_as: Any, role: Role) -> None:
    view_as(role)
    shown = shown_to(api)
    assert "Only admins" in text_of(shown["notice"])
    assert (shown["hidden"], api.asked) == ({"form": True, "list": True}, [])


def test_an_admin_sees_every_network_with_its_end(listed: FakeApi) -> None:
    shown = shown_to(listed)
    said = [" ".join(text_of(each).split()) for each in find(shown["bodies"]["list"], "violation")]
    assert said[0].startswith("192.0.2.7/32 since 31 Mar 2026, by ana@example.com Lakeside School Expired 31 Mar 10:28")
    assert "Trusted until 1 Jul 00:00 UTC" in said[1]
    assert "No end date" in said[2]
    assert shown["hidden"] == {"form": False, "list": False}
    assert [each.href for each in walk(shown["bodies"]["list"]) if hasattr(each, "href")] == [
        "/dashboard/guardrails/trusted-networks?cursor=more"
    ]


def test_trusting_a_network_empties_the_form_and_says_so(listed: FakeApi) -> None:
    listed.answers["PUT", f"{PATH}/203.0.113.0/24"] = SCHOOL
    answer = trust(listed, "203.0.113.0/24", "Lakeside School", "2027-06-30")
    assert listed.asked[0].url.raw_path.decode() == f"{PATH}/203.0.113.0%2F24"
    assert json.loads(listed.asked[0].content) == {
        "reason": "Lakeside School",
        "expires_at": "2027-07-01T00:00:00+00:00",
    }
    assert (answer["said"], answer["emptied"]) == ("203.0.113.0/24 is now trusted.", "form")


def test_the_button_of_the_form_saves_it_and_empties_its_fields(browser: Browser, listed: FakeApi) -> None:
    listed.answers["PUT", f"{PATH}/203.0.113.0/24"] = SCHOOL
    browser.resume("admin1")
    values = {"trust-cidr.value": " 203.0.113.0/24 ", "trust-reason.value": "Lakeside School"}
    changes = press_button(browser, "trust-form-save", "trust-said.children", values)
    assert changes["trust-said"] == {"children": "203.0.113.0/24 is now trusted."}
    emptied = [changes[f"trust-{field}"]["value"] for field in ("cidr", "reason", "until")]
    assert emptied == ["", "", None]


@pytest.mark.parametrize(("cidr", "reason"), [("", "Lakeside School"), ("203.0.113.0/24", "")])
def test_a_form_that_is_not_filled_in_asks_for_the_rest(listed: FakeApi, cidr: str, reason: str) -> None:
    answer = trust(listed, cidr, reason, None)
    assert (answer, listed.asked) == ({"said": "Enter a network and a reason."}, [])


def test_a_refused_network_is_told_in_words_and_keeps_the_form(listed: FakeApi) -> None:
    errors = [{"pointer": "#cidr", "detail": "203.0.113.9/24 has bits set beyond its prefix"}]
    problem = {"status": 422, "title": "", "code": "invalid", "detail": "Because of #cidr", "errors": errors}
    listed.answers["PUT", f"{PATH}/203.0.113.9/24"] = httpx.Response(422, json=problem)
    answer = trust(listed, "203.0.113.9/24", "A school", None)
    assert answer == {"said": "Nothing was changed: 203.0.113.9/24 has bits set beyond its prefix."}


@pytest.mark.parametrize(("day", "end"), [(None, None), ("", None), ("2026-12-31", datetime(2027, 1, 1, tzinfo=UTC))])
def test_trust_ends_after_its_last_day(day: str | None, end: datetime | None) -> None:
    assert format_end(day) == end


def test_the_end_of_trust_is_announced(listed: FakeApi) -> None:
    listed.answers["DELETE", f"{PATH}/203.0.113.0/24"] = httpx.Response(204)
    assert press(LISTED, listed.connect(), "remove", "203.0.113.0/24")["said"] == "203.0.113.0/24 is no longer trusted."


def test_without_the_api_the_page_says_so(listed: FakeApi) -> None:
    listed.is_down = True
    assert "Data is temporarily unavailable" in text_of(shown_to(listed)["notice"])
    said = press(LISTED, listed.connect(), "remove", "203.0.113.0/24")["said"]
    assert said == "Nothing was changed: the metrics API is not responding. Try again in a minute."
