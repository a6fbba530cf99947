"""Puts selected rows on a list."""

import json
from typing import Any

import httpx
import pytest

from dashboard.lists.add_to_list import AT_ONCE, AddToList, choose_rows
from dashboard.period import InvalidPeriodError
from tests.support.answers import SCHOOL
from tests.unit.dashboard.fake_api import FakeApi

PATH = "/v1/lists/deny/network"
NOUNS = ("network", "networks")


def build_action(*keys: str, rest: int = 0) -> AddToList:
    choose = choose_rows("network", lambda _api, _search: (keys, rest))
    return AddToList("rows", NOUNS, choose, {"deny": "Deny…"})


def save(api: FakeApi, action: AddToList, *keys: str, reason: str = "Pays for clicks") -> dict[str, Any]:
    given = {"keys": list(keys), "name": "deny", "reason": reason, "until": "2027-06-30", "search": "?days=7"}
    return action.save(api.connect(), **given)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def answer_saves(api: FakeApi) -> None:
    for number in range(150):
        api.answers["PUT", f"{PATH}/ref_{number}"] = SCHOOL


def test_selected_rows_are_put_on_the_list(api: FakeApi) -> None:
    done = save(api, build_action(), "ref_1", "ref_2", reason=" Pays for clicks ")
    assert (done["said"], done["opened"]) == ("2 networks are now denied.", False)
    assert [request.url.path for request in api.asked] == [f"{PATH}/ref_1", f"{PATH}/ref_2"]
    body = {"reason": "Pays for clicks", "expires_at": "2027-07-01T00:00:00+00:00"}
    assert json.loads(api.asked[0].content) == body


def test_all_rows_are_those_of_the_address_100_at_a_time(api: FakeApi) -> None:
    done = save(api, build_action("ref_7", rest=112), "*")
    assert done["said"] == "1 network is now denied. 100 at a time; 112 remain."
    many = save(api, build_action(), *(f"ref_{number}" for number in range(AT_ONCE + 2)))
    assert many["said"] == "100 networks are now denied. 100 at a time; 2 remain."


def test_a_reason_is_needed(api: FakeApi) -> None:
    assert save(api, build_action(), "ref_1", reason=" ")["problem"] == "Enter a reason."
    assert api.asked == []


def test_what_failed_in_between_is_said(api: FakeApi) -> None:
    problem = {"status": 403, "title": "", "code": "forbidden", "detail": "Only admins may."}
    api.answers["PUT", f"{PATH}/ref_2"] = httpx.Response(403, json=problem)
    refused = save(api, build_action(), "ref_1", "ref_2")
    assert refused["problem"] == "1 network added before it failed. Only admins may."


def test_an_address_without_a_period_adds_nothing(api: FakeApi) -> None:
    def fetch_keys(_api: object, _search: object) -> Any:
        raise InvalidPeriodError("days must be at least 1")

    action = AddToList("rows", NOUNS, choose_rows("network", fetch_keys), {"deny": "Deny…"})
    assert save(api, action, "*")["problem"] == "Nothing was changed: days must be at least 1."
