"""What the page of violations lists, and who may resolve them."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from dash import no_update

from dashboard.guardrails.violations import build_totals
from dashboard.guardrails.violations_page import LISTED, parse_filters, resolve_violation
from dashboard.lists import view
from tests.support.answers import COMMON, NOW
from tests.unit.dashboard.callbacks import call
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find, text_of, walk
from viral_contract.models.people import Role
from viral_contract.models.violations import Violation, ViolationsAnswer, ViolationTotals

PATH = "/v1/guardrails/coppa/violations"


def build_violation(number: int = 1, **fields: Any) -> Violation:
    given = {
        "id": number,
        "content_kind": "parent_share",
        "content_id": f"share_{number}",
        "type": "email",
        "path": "/profile/mail",
        "masked": "m***@e***.com",
        "rule": "email_address",
        "actor": "child",
        "scanner_version": 1,
        "inserted_at": NOW,
        "found_at": NOW,
    }
    ended = dict.fromkeys(("resolution", "note", "resolved_by", "resolved_at", "seconds_to_removal"))
    return Violation.model_validate({**ended, **given, **fields})


def build_violations(*violations: Violation, next_cursor: str | None = None) -> ViolationsAnswer:
    totals = {"open": len(violations), "removed": 0, "false_positive": 0, "by_child": 1, "by_parent": 2, "by_type": {}}
    return ViolationsAnswer.model_validate(
        {
            **COMMON,
            "violations": violations,
            "total_violations": len(violations),
            "totals": {**totals, "median_seconds_to_removal": None},
            "next_cursor": next_cursor,
        }
    )


def show(api: FakeApi, search: str = "?days=7") -> dict[str, Any]:
    return view.show(LISTED, api.connect(), search, now=NOW)


@pytest.fixture
def listed(api: FakeApi) -> FakeApi:
    api.answers["GET", PATH] = build_violations(build_violation(), next_cursor="more")
    return api


@pytest.mark.parametrize(("role", "forms"), [(Role.VIEWER, 0), (Role.ANALYST, 1), (Role.ADMIN, 1)])
def test_only_who_may_write_alerts_can_resolve(listed: FakeApi, view_as: Any, role: Role, forms: int) -> None:
    view_as(role)
    drawn = show(listed)["bodies"]["list"]
    assert len(find(drawn, "resolve")) == forms
    said = " ".join(text_of(drawn).split())
    assert "Email address Parent share by a child: share_1 m***@e***.com at /profile/mail" in said
    assert "Rule: email_address" in said


def test_the_filters_and_the_cursor_are_those_of_the_address(listed: FakeApi, view_as: Any) -> None:
    view_as(Role.VIEWER)
    drawn = show(listed, "?days=14&type=email&actor=child&cursor=a&other=b")
    [request] = listed.asked
    assert dict(request.url.params) == {
        "days": "14",
        "limit": "50",
        "type": "email",
        "actor": "child",
        "cursor": "a",
    }
    [more] = find(drawn["bodies"]["list"], "button")
    assert more.href == "/dashboard/guardrails/violations?days=14&type=email&actor=child&cursor=more"


def test_a_resolved_violation_says_by_whom_and_why_and_has_no_buttons(api: FakeApi, view_as: Any) -> None:
    view_as(Role.ADMIN)
    judged = {"resolution": "false_positive", "note": "A test", "resolved_by": "ana", "resolved_at": NOW}
    api.answers["GET", PATH] = build_violations(build_violation(**judged))
    drawn = show(api)["bodies"]["list"]
    assert find(drawn, "resolve") == []
    assert "False positive by ana 31 Mar 10:28 “A test”" in " ".join(text_of(drawn).split())


def test_what_is_not_scanned_says_what_that_means(api: FakeApi, view_as: Any) -> None:
    view_as(Role.ADMIN)
    api.answers["GET", PATH] = build_violations(build_violation(type="not_scanned", path="", masked="not scanned"))
    drawn = show(api)["bodies"]["list"]
    assert "Not scanned yet" in text_of(drawn)
    assert "This counts as a violation until a longer scan finishes" in text_of(drawn)


def test_a_period_without_violations_says_so(api: FakeApi, view_as: Any) -> None:
    view_as(Role.VIEWER)
    api.answers["GET", PATH] = build_violations()
    assert "No matching violations in this period" in text_of(show(api)["bodies"]["list"])


@pytest.mark.parametrize(
    ("median", "said"),
    [
        (None, "–"),
        (timedelta(seconds=40), "40 s"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(days=12), "12 days"),
    ],
)
def test_the_time_to_removal_is_told_in_its_fitting_unit(median: timedelta | None, said: str) -> None:
    totals = ViolationTotals(
        open=0,
        removed=3,
        false_positive=0,
        by_child=3,
        by_parent=0,
        by_type={"phone": 2, "email": 1},
        median_seconds_to_removal=median and median.total_seconds(),
    )
    drawn = build_totals(totals)
    assert text_of(find(drawn, "kpi")[-1]).split("removal ")[-1] == said
    assert "Phone number 2 · Email address 1" in text_of(drawn)


def test_a_false_positive_needs_a_reason(api: FakeApi) -> None:
    said = resolve_violation(api.connect(), 7, "false_positive", " \n")
    assert said == "Nothing was changed. Add a note explaining why this is a false positive."
    assert api.asked == []


def test_a_resolution_is_sent_and_announced(api: FakeApi) -> None:
    api.answers["POST", f"{PATH}/7/resolve"] = build_violation(7, resolution="removed")
    said = resolve_violation(api.connect(), 7, "removed", "")
    assert json.loads(api.asked[0].content) == {"resolution": "removed", "note": None}
    assert said == "Violation 7: Marked as removed."


@pytest.mark.usefixtures("listed")
def test_what_is_said_has_the_list_drawn_again(browser: Browser) -> None:
    browser.resume("analyst1")
    changes = call(browser, "violations-list.children", {"violations-said.children": "Violation 7: Marked as removed."})
    assert '"share_1"' in json.dumps(changes["violations-list"])
    header = json.dumps(changes["violations-header"])
    assert "as of 10:28" in header
    assert '"/dashboard/guardrails?days=7"' in header


def test_a_refused_resolution_is_told_in_words(api: FakeApi) -> None:
    problem = {"status": 409, "title": "", "code": "resolved", "detail": "Violation 7 was already resolved."}
    api.answers["POST", f"{PATH}/7/resolve"] = httpx.Response(409, json=problem)
    assert resolve_violation(api.connect(), 7, "removed", "gone") == "Violation 7 was already resolved."


def test_what_did_not_change_keeps_the_notes_that_are_typed(listed: FakeApi, view_as: Any) -> None:
    view_as(Role.ANALYST)
    first = show(listed)
    again = view.show(LISTED, listed.connect(), "?days=7", first["shown"], now=NOW)
    assert set(again["bodies"].values()) == {no_update}


@pytest.mark.parametrize(
    ("search", "is_down", "words"),
    [("?days=0", False, "Invalid period"), ("?days=7", True, "Data is temporarily unavailable")],
)
def test_what_went_wrong_is_told_in_words(
    listed: FakeApi, view_as: Any, search: str, is_down: bool, words: str
) -> None:
    view_as(Role.VIEWER)
    listed.is_down = is_down
    assert words in text_of(show(listed, search)["notice"])


def test_a_filter_that_does_not_exist_is_explained(api: FakeApi, view_as: Any) -> None:
    view_as(Role.VIEWER)
    errors = [{"pointer": "?type", "detail": "must be 'email'"}]
    problem = {"status": 422, "title": "", "code": "invalid", "detail": "Nothing was changed", "errors": errors}
    api.answers["GET", PATH] = httpx.Response(422, json=problem)
    drawn = show(api, "?days=14&type=nothing")["notice"]
    assert "In the address, type must be 'email'." in text_of(drawn)
    hrefs = [each.href for each in walk(drawn) if hasattr(each, "href")]
    assert hrefs == ["/dashboard/guardrails/violations?days=14"]


def test_an_address_without_filters_names_none() -> None:
    assert parse_filters({}) == parse_filters({"days": "7"}) == {}
