"""Who sees what is on a list, and what they can change."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from dashboard.admin.entity_lists import LISTED, find_prefilled, format_end
from dashboard.lists.view import press, show, submit
from tests.support.answers import NOW, SCHOOL
from tests.unit.dashboard.callbacks import press as press_button
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find, text_of, walk
from viral_contract.models.entity_lists import ListEntriesAnswer
from viral_contract.models.people import Role

PATH = "/v1/lists"
EXPIRED = SCHOOL.model_copy(update={"value": "192.0.2.7/32", "active": False, "expires_at": NOW})
PAYER = SCHOOL.model_copy(
    update={"list": "deny", "kind": "referrer", "value": "usr_1", "ref": None, "alias": "", "expires_at": None}
)
NETWORK_PATH = f"{PATH}/allow/network/203.0.113.0/24"
BUTTON = json.dumps(["allow", "network", "203.0.113.0/24"])


@pytest.fixture
def listed(api: FakeApi, view_as: Any) -> FakeApi:
    view_as(Role.ADMIN)
    api.answers["GET", PATH] = ListEntriesAnswer(entries=[EXPIRED, SCHOOL, PAYER], total=3, next_cursor="more")
    return api


def shown_to(api: FakeApi, search: str = "") -> dict[str, Any]:
    """The page as the viewer gets it."""
    return show(LISTED, api.connect(), search, now=NOW)


def add(api: FakeApi, value: str, reason: str, until: str | None = None, **fields: str) -> dict[str, Any]:
    """Save the form."""
    given = {"list": "allow", "kind": "network", "value": value, "reason": reason, "until": until, **fields}
    return submit(LISTED, api.connect(), "form", given)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_others_than_admins_get_a_sentence_and_no_form(api: FakeApi, view_as: Any, role: Role) -> None:
    view_as(role)
    shown = shown_to(api)
    assert "Only admins" in text_of(shown["notice"])
    assert (shown["hidden"], api.asked) == ({"form": True, "filter": True, "entries": True}, [])


def test_an_admin_sees_every_entry_with_its_list_and_end(listed: FakeApi) -> None:
    shown = shown_to(listed, "?list=allow&q=school&kind=any")
    said = [" ".join(text_of(each).split()) for each in find(shown["bodies"]["entries"], "violation")]
    assert said[0].startswith(
        "192.0.2.7/32 Network · since 31 Mar 2026, by ana@example.com Lakeside School Allow Expired 31 Mar 10:28 UTC"
    )
    assert "Until 1 Jul 00:00 UTC" in said[1]
    assert said[2].startswith("usr_1 Referrer ·")
    assert "Deny No end date" in said[2]
    assert shown["bodies"]["found"] == "3 entries"
    assert dict(listed.asked[-1].url.params) == {"list": "allow", "q": "school", "limit": "50"}
    assert [each.href for each in walk(shown["bodies"]["entries"]) if hasattr(each, "href")] == [
        "/dashboard/lists?list=allow&q=school&cursor=more"
    ]


def test_an_empty_list_is_not_a_filter_that_leaves_nothing(listed: FakeApi) -> None:
    listed.answers["GET", PATH] = ListEntriesAnswer(entries=[], total=0, next_cursor=None)
    assert text_of(shown_to(listed)["bodies"]["entries"]) == "Nothing is on a list yet."
    assert text_of(shown_to(listed, "?q=zz")["bodies"]["entries"]) == "No entry matches these filters."


def test_adding_an_entry_empties_the_form_and_says_so(listed: FakeApi) -> None:
    listed.answers["PUT", NETWORK_PATH] = SCHOOL
    answer = add(listed, "203.0.113.0/24", "Lakeside School", "2027-06-30")
    assert listed.asked[0].url.raw_path.decode() == f"{PATH}/allow/network/203.0.113.0%2F24"
    assert json.loads(listed.asked[0].content) == {
        "reason": "Lakeside School",
        "expires_at": "2027-07-01T00:00:00+00:00",
    }
    assert (answer["said"], answer["emptied"]) == ("203.0.113.0/24 is now allowed.", "form")
    listed.answers["PUT", f"{PATH}/deny/referrer/usr_1"] = PAYER
    denied = add(listed, "usr_1", "Pays for clicks", list="deny", kind="referrer")
    assert denied["said"] == "usr_1 is now denied."


def test_the_button_of_the_form_saves_it_and_empties_its_fields(browser: Browser, listed: FakeApi) -> None:
    listed.answers["PUT", NETWORK_PATH] = SCHOOL
    browser.resume("admin1")
    values = {
        "lists-list.value": "allow",
        "lists-kind.value": "network",
        "lists-value.value": " 203.0.113.0/24 ",
        "lists-reason.value": "Lakeside School",
    }
    changes = press_button(browser, "lists-form-save", "lists-said.children", values)
    assert changes["lists-said"] == {"children": "203.0.113.0/24 is now allowed."}
    emptied = [changes[f"lists-{field}"]["value"] for field in ("value", "reason", "until")]
    assert emptied == ["", "", None]


@pytest.mark.parametrize(("value", "reason"), [("", "Lakeside School"), ("203.0.113.0/24", "")])
def test_a_form_that_is_not_filled_in_asks_for_the_rest(listed: FakeApi, value: str, reason: str) -> None:
    assert (add(listed, value, reason), listed.asked) == ({"said": "Enter a value and a reason."}, [])


def test_a_refused_value_is_said_in_words_and_keeps_the_form(listed: FakeApi) -> None:
    errors = [{"pointer": "#value", "detail": "203.0.113.9/24 has bits set beyond its prefix"}]
    problem = {"status": 422, "title": "", "code": "invalid", "detail": "Because of #value", "errors": errors}
    listed.answers["PUT", f"{PATH}/allow/network/203.0.113.9/24"] = httpx.Response(422, json=problem)
    said = {"said": "Nothing was changed: 203.0.113.9/24 has bits set beyond its prefix."}
    assert add(listed, "203.0.113.9/24", "A school") == said


@pytest.mark.parametrize(("day", "end"), [(None, None), ("", None), ("2026-12-31", datetime(2027, 1, 1, tzinfo=UTC))])
def test_an_entry_ends_after_its_last_day(day: str | None, end: datetime | None) -> None:
    assert format_end(day) == end


def test_an_entry_is_removed_by_its_ref_where_it_has_one(listed: FakeApi) -> None:
    drawn = walk(shown_to(listed)["bodies"]["entries"])
    buttons = [each.id["row"] for each in drawn if type(each).__name__ == "Button"]
    assert json.loads(buttons[1]) == ["allow", "network", "ref_school"]
    assert json.loads(buttons[2]) == ["deny", "referrer", "usr_1"]
    listed.answers["DELETE", NETWORK_PATH] = httpx.Response(204)
    assert press(LISTED, listed.connect(), "remove", BUTTON)["said"] == "Removed. It is no longer allowed."


def test_without_the_api_the_page_says_so(listed: FakeApi) -> None:
    listed.is_down = True
    assert "Data is temporarily unavailable" in text_of(shown_to(listed)["notice"])
    said = press(LISTED, listed.connect(), "remove", BUTTON)["said"]
    assert said == "Nothing was changed: the metrics API is not responding. Try again in a minute."


@pytest.mark.parametrize(
    ("search", "filled"),
    [
        ("?add=deny&add_kind=device&value=phone", ["deny", "device", "phone"]),
        ("?add=never&add_kind=heard", ["allow", "network", ""]),
        ("", ["allow", "network", ""]),
    ],
)
def test_a_link_fills_in_the_form(search: str, filled: list[str]) -> None:
    assert find_prefilled(search) == filled


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", "/dashboard/lists?list=allow&kind=network"),
        ("?cidr=203.0.113.7", "/dashboard/lists?add=allow&add_kind=network&value=203.0.113.7"),
    ],
)
def test_the_page_of_trusted_networks_has_moved_here(browser: Browser, query: str, wanted: str) -> None:
    browser.resume("admin1")
    answer = browser.get(f"/dashboard/guardrails/trusted-networks{query}")
    assert (answer.status_code, answer.headers["Location"]) == (302, wanted)
