"""What the page of violations lists, and who may resolve them."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from dash import no_update

from dashboard.guardrails.violations import build_totals
from dashboard.guardrails.violations_page import LISTED, resolve_violation
from dashboard.lists.table_page import Listing, build_query
from dashboard.period import read_search
from tests.support.answers import COMMON, NOW
from tests.unit.dashboard.callbacks import call
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find, text_of
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


def fetch(api: FakeApi, search: str = "?days=7") -> Listing:
    return LISTED.fetch(api.connect(), build_query(LISTED, read_search(search)), "?days=7")


def show(browser: Browser, search: str = "?days=7", meanwhile: Callable[[], None] = lambda: None) -> str:
    return str(call(browser, "violations-rows.children", {"url.search": search}, meanwhile))


@pytest.fixture
def listed(api: FakeApi) -> FakeApi:
    api.answers["GET", PATH] = build_violations(build_violation(), next_cursor="more")
    return api


@pytest.mark.parametrize(("role", "forms"), [(Role.VIEWER, 0), (Role.ANALYST, 1), (Role.ADMIN, 1)])
def test_only_who_may_write_alerts_can_resolve(listed: FakeApi, view_as: Any, role: Role, forms: int) -> None:
    view_as(role)
    [row] = fetch(listed).rows
    assert len(find(row.cells, "resolve")) == forms
    said = " ".join(text_of(row.cells).split())
    assert "Email address m***@e***.com at /profile/mail · rule email_address share_1 Parent share by a child" in said


def test_filters_order_and_cursor_are_those_of_the_address(listed: FakeApi, view_as: Any) -> None:
    view_as(Role.VIEWER)
    listing = fetch(listed, "?days=14&type=email&actor=child&q=mail&sort=found&order=asc&cursor=a&other=b")
    [request] = listed.asked
    assert dict(request.url.params) == {
        "days": "14",
        "type": "email",
        "actor": "child",
        "q": "mail",
        "sort": "found",
        "order": "asc",
        "limit": "25",
        "cursor": "a",
    }
    assert listing.next_cursor == "more"
    assert listing.counts == {"any": 1, "open": 1, "removed": 0, "false_positive": 0}


def test_a_resolved_violation_says_by_whom_and_why_and_has_no_buttons(api: FakeApi, view_as: Any) -> None:
    view_as(Role.ADMIN)
    judged = {"resolution": "false_positive", "note": "A test", "resolved_by": "ana", "resolved_at": NOW}
    api.answers["GET", PATH] = build_violations(build_violation(**judged))
    [row] = fetch(api).rows
    assert find(row.cells, "resolve") == []
    assert "False positive by ana 31 Mar 10:28 “A test”" in " ".join(text_of(row.cells).split())


def test_what_is_not_scanned_says_what_that_means(api: FakeApi, view_as: Any) -> None:
    view_as(Role.ADMIN)
    api.answers["GET", PATH] = build_violations(build_violation(type="not_scanned", path="", masked="not scanned"))
    drawn = text_of(fetch(api).rows[0].cells)
    assert "Not scanned yet" in drawn
    assert "This counts as a violation until a longer scan finishes" in drawn


def test_a_period_without_violations_says_so(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", PATH] = build_violations()
    browser.resume("viewer1")
    assert "No violations in this period" in show(browser)
    assert "No violation matches" in show(browser, "?type=email")


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
    answered = resolve_violation(api.connect(), 7, "false_positive", " \n")
    assert answered["changed"] is no_update
    assert answered["said"] == "Nothing was changed. Add a note explaining why this is a false positive."
    assert api.asked == []


def test_a_resolution_is_sent_and_announced(api: FakeApi) -> None:
    api.answers["POST", f"{PATH}/7/resolve"] = build_violation(7, resolution="removed")
    answered = resolve_violation(api.connect(), 7, "removed", "")
    assert json.loads(api.asked[0].content) == {"resolution": "removed", "note": None}
    assert answered == {"said": "Violation 7: Marked as removed.", "changed": 7}


@pytest.mark.usefixtures("listed")
def test_a_change_has_the_list_drawn_again(browser: Browser) -> None:
    browser.resume("analyst1")
    changes = call(browser, "violations-rows.children", {"violations-changed.data": 7})
    assert '"share_1"' in json.dumps(changes["violations-rows"])


def test_a_refused_resolution_is_told_in_words(api: FakeApi) -> None:
    problem = {"status": 409, "title": "", "code": "resolved", "detail": "Violation 7 was already resolved."}
    api.answers["POST", f"{PATH}/7/resolve"] = httpx.Response(409, json=problem)
    assert resolve_violation(api.connect(), 7, "removed", "gone")["said"] == "Violation 7 was already resolved."


@pytest.mark.parametrize(
    ("search", "is_down", "words"),
    [("?days=0", False, "Invalid period"), ("?days=7", True, "Could not load violations")],
)
def test_what_went_wrong_is_told_in_words(
    browser: Browser, listed: FakeApi, search: str, is_down: bool, words: str
) -> None:
    browser.resume("viewer1")
    assert words in show(browser, search, lambda: setattr(listed, "is_down", is_down))


def test_a_filter_that_does_not_exist_is_explained(browser: Browser, api: FakeApi) -> None:
    errors = [{"pointer": "?type", "detail": "must be 'email'"}]
    problem = {"status": 422, "title": "", "code": "invalid", "detail": "Nothing was changed", "errors": errors}
    api.answers["GET", PATH] = httpx.Response(422, json=problem)
    browser.resume("viewer1")
    drawn = show(browser, "?days=14&type=nothing")
    assert "In the address, type must be 'email'." in drawn
    assert "'/dashboard/guardrails/violations?days=14'" in drawn
