"""The search in the frame of every page."""

from typing import Any

import httpx

from dashboard.search import build_results, find
from tests.support.answers import NOW
from tests.unit.dashboard.callbacks import call
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find as find_parts
from tests.unit.dashboard.tree import text_of, walk
from viral_contract.models.search import SearchAnswer, SearchHit

PATH = ("GET", "/v1/search")
KINDS = tuple(name for name in SearchAnswer.model_fields if name != "beginnings_only")
NOTHING: dict[str, Any] = {kind: [] for kind in KINDS}


def build_answer(**found: list[SearchHit]) -> SearchAnswer:
    return SearchAnswer.model_validate({**NOTHING, **found})


def test_hits_stand_in_groups_and_lead_to_their_pages() -> None:
    hits = {
        "networks": [SearchHit(id="ref_1", label="198.51.100.*", alias="abcd")],
        "referrers": [SearchHit(id="usr_1", label="usr_1")],
        "cases": [SearchHit(id="130", label="usr_1", status="open", at=NOW)],
        "alerts": [SearchHit(id="7", label="9 networks over the limit", status="false_positive", at=NOW)],
        "reports": [SearchHit(id="3", label="weekly 2026-03-02 – 2026-03-08", status="ready")],
        "links": [SearchHit(id="a&b", label="a&b")],
    }
    drawn = build_results(build_answer(**hits), "usr")
    assert [each.href for each in walk(drawn) if hasattr(each, "href")] == [
        "/dashboard/investigations?kind=ip_address&id=ref_1",
        "/dashboard/investigations?kind=referrer&id=usr_1",
        "/dashboard/cases?q=a%26b",
        "/dashboard/cases/130",
        "/dashboard/guardrails/alert?id=7",
        "/dashboard/reports/3",
    ]
    said = [" ".join(text_of(each).split()) for each in find_parts(drawn, "search-hit")]
    assert said[0] == "198.51.100.* · abcd"
    assert said[3] == "130 · usr_1 open · 31 Mar 10:28"
    assert said[4] == "9 networks over the limit false positive · 31 Mar 10:28"
    assert text_of(find_parts(drawn, "search-count")) == "6 results"


def test_where_not_everything_was_searched_for_parts_the_page_says_so(api: FakeApi) -> None:
    api.answers[PATH] = build_answer(beginnings_only=["devices", "users"])
    assert "Older devices, users are found by the beginning of their ids only." in text_of(find(api.connect(), "zzz"))
    assert "3 characters or more are also found inside an id" in text_of(find(api.connect(), "zz"))


def test_nothing_found_and_nothing_typed_are_two_things(api: FakeApi) -> None:
    api.answers[PATH] = build_answer()
    assert text_of(find(api.connect(), "zz")) == "Nothing has this id or part of it"
    assert "by its id" in text_of(find(api.connect(), " "))
    assert [request.url.params["q"] for request in api.asked] == ["zz"]


def test_what_no_id_can_be_is_nowhere_and_a_silent_api_is_said(api: FakeApi) -> None:
    problem = {"status": 422, "title": "", "code": "invalid", "detail": "", "errors": []}
    api.answers[PATH] = httpx.Response(422, json=problem)
    assert text_of(find(api.connect(), "a\0b")) == "Nothing has this id or part of it"
    api.is_down = True
    assert text_of(find(api.connect(), "zz")) == "Could not search: the API does not answer."


def test_every_page_can_search(browser: Browser, api: FakeApi) -> None:
    api.answers[PATH] = build_answer(devices=[SearchHit(id="ref_2", label="phone-1")])
    browser.resume("viewer1")
    assert "phone-1" in str(call(browser, "search-results.children", {"search-text.value": " phone "}))
    [asked] = [request for request in api.asked if request.url.path == PATH[1]]
    assert asked.url.params["q"] == "phone"
