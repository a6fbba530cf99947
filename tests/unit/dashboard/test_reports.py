"""The list of reports, the form, one report, and its exports, through the real application."""

import json
from typing import Any

import httpx
import pytest

from dashboard.pages import find_page
from dashboard.reports.run import build_state
from tests.unit.dashboard.callbacks import call
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.growth_answers import build_report, build_reports, build_run
from tests.unit.dashboard.tree import text_of
from viral_contract.models.reports import ReportRequested

LIST = ("GET", "/v1/reports")
ONE = ("GET", "/v1/reports/1")
ASK = ("POST", "/v1/reports")
SWITCHED_OFF = httpx.Response(404, json={"code": "feature_disabled", "detail": "The feature is turned off."})


def show_list(browser: Browser, search: str = "", *, who: str = "analyst1", is_shown: bool = False) -> dict[str, Any]:
    browser.resume(who)
    return call(browser, "reports-list.children", {"url.search": search, "reports-shown.data": is_shown})


def show_report(browser: Browser, path: str = "/dashboard/reports/1", *, shown: int | None = None) -> dict[str, Any]:
    browser.resume("viewer1")
    return call(browser, "report-view.children", {"url.pathname": path, "report-shown.data": shown})


def ask(browser: Browser, kind: str, dates: list[str | None] | None = None) -> str:
    browser.resume("analyst1")
    values = {"reports-type.value": kind, "reports-dates.value": dates}
    said: str = call(browser, "reports-said.children", values)["reports-said"]["children"]
    return said


def test_the_list_says_what_there_is_to_say_about_each_report(browser: Browser, api: FakeApi) -> None:
    api.answers[LIST] = build_reports(build_report(7), next_cursor="page-2")
    changes = show_list(browser)
    drawn = json.dumps(changes, ensure_ascii=False)
    for said in (
        "Weekly growth report",
        "2–8 Mar 2026",
        "Ready",
        "0.74",
        "↑ ",
        "Up",
        "92.0",
        "ana@example.com",
        "31 Mar 10:28 UTC",
    ):
        assert said in drawn
    assert '"href": "/dashboard/reports/7"' in drawn
    assert '"href": "/dashboard/reports?cursor=page-2"' in drawn


def test_the_list_asks_for_the_type_and_the_rows_of_its_address(browser: Browser, api: FakeApi) -> None:
    api.answers[LIST] = build_reports()
    drawn = json.dumps(show_list(browser, "?report_type=monthly&cursor=page-2"))
    assert "No monthly reports yet." in drawn
    [asked] = [dict(request.url.params) for request in api.asked if request.url.path == "/v1/reports"]
    assert asked == {"report_type": "monthly", "cursor": "page-2", "limit": "25"}


@pytest.mark.parametrize(
    ("status", "rests"), [("queued", False), ("running", False), ("failed", True), ("ready", True)]
)
def test_the_list_is_fetched_again_only_while_something_is_unfinished(
    browser: Browser, api: FakeApi, status: str, rests: bool
) -> None:
    api.answers[LIST] = build_reports(build_report(1), build_run(2, status=status))
    assert show_list(browser)["reports-clock"]["disabled"] is rests


def test_the_list_says_what_became_of_the_emails_and_follows_those_under_way(browser: Browser, api: FakeApi) -> None:
    api.answers[LIST] = build_reports(build_report(1, delivery_status="partial"), build_report(2))
    changes = show_list(browser)
    assert '"Partial"' in json.dumps(changes)
    assert changes["reports-clock"]["disabled"] is True
    api.answers[LIST] = build_reports(build_report(1, delivery_status="in_progress"))
    changes = show_list(browser)
    assert '"In progress"' in json.dumps(changes)
    assert changes["reports-clock"] == {"disabled": False, "interval": 10_000}


@pytest.mark.parametrize(("who", "hidden"), [("viewer1", True), ("analyst1", False), ("admin1", False)])
def test_only_who_may_generate_reports_gets_the_form(browser: Browser, api: FakeApi, who: str, hidden: bool) -> None:
    api.answers[LIST] = build_reports()
    assert show_list(browser, who=who)["reports-form"]["hidden"] is hidden


def test_a_list_that_cannot_be_fetched_again_stays_and_says_so(browser: Browser, api: FakeApi) -> None:
    browser.resume("viewer1")
    api.is_down = True
    changes = call(browser, "reports-list.children", {"url.search": "", "reports-shown.data": True})
    assert changes == {"reports-clock": {"disabled": False}, "reports-refresh-problem": {"hidden": False}}


def test_a_feature_that_is_switched_off_says_so(browser: Browser, api: FakeApi) -> None:
    api.answers.update({LIST: SWITCHED_OFF, ONE: SWITCHED_OFF})
    assert "This feature is turned off" in str(show_list(browser)["reports-list"])
    assert "This feature is turned off" in str(show_report(browser)["report-view"])


@pytest.mark.parametrize(
    ("kind", "dates", "body"),
    [
        ("weekly", ["2026-03-01", "2026-03-02"], {"report_type": "weekly", "period_start": None, "period_end": None}),
        (
            "custom",
            ["2026-03-01", "2026-03-02"],
            {"report_type": "custom", "period_start": "2026-03-01", "period_end": "2026-03-02"},
        ),
    ],
)
def test_the_form_asks_for_the_report_it_says(
    browser: Browser, api: FakeApi, kind: str, dates: list[str | None], body: dict[str, Any]
) -> None:
    api.answers[ASK] = ReportRequested(id=9, status="queued")
    assert ask(browser, kind, dates) == "Report 9 is queued."
    [asked] = [json.loads(request.content) for request in api.asked if request.method == "POST"]
    assert asked == {**body, "recipient_emails": []}


@pytest.mark.parametrize("dates", [None, [], [None, None], ["2026-03-01", None]])
def test_a_custom_report_needs_both_dates(browser: Browser, api: FakeApi, dates: list[str | None] | None) -> None:
    assert ask(browser, "custom", dates) == "No report was requested. Choose a start date and an end date."
    assert [request.method for request in api.asked if request.url.path == "/v1/reports"] == []


def test_a_period_that_is_too_long_is_explained(browser: Browser) -> None:
    said = ask(browser, "custom", ["2024-01-01", "2026-01-01"])
    assert said == "No report was requested: the period must have 1 to 366 days, not 732."


def test_a_refusal_is_told_in_the_words_of_the_api(browser: Browser, api: FakeApi) -> None:
    api.answers[ASK] = httpx.Response(429, json={"code": "too_many", "detail": "Wait a minute."})
    assert ask(browser, "weekly") == "No report was requested. Wait a minute."


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "running"}, "Running 40% · writing insights"),
        (
            {"status": "queued", "progress_pct": 0, "progress_step": "", "attempt": 1, "last_error": "timed out"},
            "Queued 0% Retrying after error: timed out (attempt 1 of 3)",
        ),
        ({"status": "failed", "attempt": 3, "last_error": "out of paper"}, "Failed out of paper (attempt 3 of 3)"),
        ({"status": "skipped", "last_error": None}, "Skipped No longer needed"),
    ],
)
def test_a_run_says_how_far_it_is_or_why_it_failed(fields: dict[str, Any], words: str) -> None:
    assert text_of(build_state(build_run(**fields))) == words


def test_a_report_is_followed_until_it_is_ready(browser: Browser, api: FakeApi) -> None:
    api.answers[ONE] = build_run()
    changes = show_report(browser)
    assert "Report in progress" in str(changes["report-view"])
    assert changes["report-clock"] == {"disabled": False}
    assert changes["report-is-ready"] == {"data": False}

    api.answers[ONE] = build_report()
    changes = show_report(browser)
    assert changes["report-clock"] == {"disabled": True}
    assert changes["report-is-ready"] == {"data": True}


def test_a_failed_report_says_why(browser: Browser, api: FakeApi) -> None:
    api.answers[ONE] = build_run(status="failed", attempt=3, last_error="out of paper")
    changes = show_report(browser)
    assert "Report generation failed" in str(changes["report-view"])
    assert "out of paper (attempt 3 of 3)" in str(changes["report-view"])
    assert changes["report-clock"] == {"disabled": True}


def test_an_unknown_report_is_told_from_an_api_that_is_down(browser: Browser, api: FakeApi) -> None:
    api.answers[ONE] = httpx.Response(404, json={"code": "not_found", "detail": "There is no report 1."})
    assert "Report not found" in str(show_report(browser)["report-view"])
    api.is_down = True
    assert show_report(browser, shown=1)["report-refresh-problem"] == {"hidden": False}


def test_a_report_that_never_came_is_told_and_asked_for_again(browser: Browser, api: FakeApi) -> None:
    browser.resume("viewer1")
    api.is_down = True
    values = {"url.pathname": "/dashboard/reports/1", "report-shown.data": 2}
    changes = call(browser, "report-view.children", values)
    assert "Data is temporarily unavailable" in str(changes["report-view"])
    assert (changes["report-clock"], changes["report-shown"]) == ({"disabled": False}, {"data": None})


def test_leaving_a_report_draws_nothing_anew(browser: Browser) -> None:
    assert show_report(browser, "/dashboard/reports") == {"report-clock": {"disabled": True}}


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/dashboard/reports", "Reports"),
        ("/dashboard/reports/12", "Report"),
        ("/dashboard/reports/12/", "Report"),
        ("/dashboard/reports/twelve", None),
        ("/dashboard/reports/12/export", None),
        ("/dashboard/reports/" + "9" * 19, None),
    ],
)
def test_a_report_has_an_address_of_its_own(path: str, title: str | None) -> None:
    page = find_page(path)
    assert (page and page.title) == title


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("pdf", "application/pdf"),
        ("html", "text/html; charset=utf-8"),
        ("csv", "text/csv; charset=utf-8"),
        ("json", "application/json"),
    ],
)
def test_an_export_is_a_file_of_its_type(browser: Browser, api: FakeApi, name: str, content_type: str) -> None:
    api.answers["GET", "/v1/reports/1/export"] = httpx.Response(200, content=b"the report")
    browser.resume("viewer1")
    answer = browser.get(f"/dashboard/reports/1/export?format={name}")
    assert (answer.status_code, answer.content_type, answer.data) == (200, content_type, b"the report")
    assert answer.headers["Content-Disposition"] == f"attachment; filename=viral-report-1.{name}"
    assert dict(api.asked[-1].url.params) == {"format": name}


def test_an_export_that_is_refused_is_told_in_words(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", "/v1/reports/1/export"] = httpx.Response(
        409, json={"code": "not_ready", "detail": "Report 1 is not ready."}
    )
    browser.resume("viewer1")
    answer = browser.get("/dashboard/reports/1/export?format=pdf")
    assert answer.status_code == 409
    assert "Report 1 is not ready." in answer.text
    assert browser.get("/dashboard/reports/1/export?format=docx").status_code == 404
