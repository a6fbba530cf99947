"""The email section of a report: its form with email switched off and on, and what became of every message."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from dashboard.admin.deliveries import build_deliveries, format_note
from dashboard.reports.email import build_email_section
from tests.support.answers import NOW, build_delivery
from tests.unit.dashboard.callbacks import call
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import rows_of, text_of, walk
from viral_contract.models.deliveries import DeliveriesAnswer, Delivery

DELIVERIES = "/v1/reports/1/deliveries"
TOOLTIP = "Email delivery will be available in v1.1. Reports can be viewed in the dashboard."


def answer(*deliveries: Delivery, enabled: bool = False) -> DeliveriesAnswer:
    return DeliveriesAnswer(deliveries=list(deliveries), email_enabled=enabled)


def show(
    browser: Browser, *, who: str = "analyst1", ready: bool = True, shown: dict[str, Any] | None = None
) -> dict[str, Any]:
    browser.resume(who)
    given = {
        "report-is-ready.data": ready,
        "report-email-shown.data": shown,
        "url.pathname": "/dashboard/reports/1",
    }
    return call(browser, "report-deliveries.children", given)


def send(browser: Browser, typed: str, *, who: str = "analyst1", enabled: bool = False) -> dict[str, Any]:
    browser.resume(who)
    values = {
        "report-recipients.value": typed,
        "url.pathname": "/dashboard/reports/1",
        "report-email-shown.data": {"enabled": enabled, "digest": 0},
    }
    changes = call(browser, "report-email-said.children", values)
    return {f"{at}.{name}": value for at, each in changes.items() for name, value in each.items()}


def posted(api: FakeApi) -> list[Any]:
    return [json.loads(request.content) for request in api.asked if request.method == "POST"]


def test_the_section_announces_email_by_badge_and_tooltip() -> None:
    section = build_email_section()
    assert "Coming Soon" in text_of(section)
    [tooltip] = [each for each in walk(section) if type(each).__name__ == "Tooltip"]
    assert tooltip.label == TOOLTIP


def test_while_email_is_off_the_form_says_that_delivery_is_a_placeholder(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", DELIVERIES] = answer()
    changes = show(browser)
    assert changes["report-email-badge"] == {"hidden": False}
    assert changes["report-queue-email"]["children"] == "Queue Email (Placeholder)"
    assert changes["report-queue-email"]["aria-disabled"] == "false"
    assert "Delivery is a placeholder" in changes["report-email-about"]["children"]
    assert changes["report-email"] == changes["report-email-form"] == {"hidden": False}


def test_once_email_is_on_the_form_is_an_ordinary_one(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", DELIVERIES] = answer(enabled=True)
    changes = show(browser)
    assert changes["report-email-badge"] == {"hidden": True}
    assert changes["report-queue-email"]["children"] == "Send report"
    assert "laceholder" not in json.dumps(changes)


@pytest.mark.parametrize("enabled", [False, True])
def test_a_viewer_sees_why_the_form_is_not_theirs(browser: Browser, api: FakeApi, enabled: bool) -> None:
    api.answers["GET", DELIVERIES] = answer(enabled=enabled)
    changes = show(browser, who="viewer1")
    assert changes["report-email-refused"] == {"hidden": False}
    assert changes["report-queue-email"]["aria-disabled"] == "true"
    assert changes["report-recipients"] == {"disabled": True}
    said = send(browser, "ana@example.com", who="viewer1", enabled=enabled)["report-email-said.children"]
    assert said == "Nothing was queued. Only analysts and admins can send reports. Ask one of them."
    assert [request.method for request in api.asked if request.url.path == DELIVERIES] == ["GET"]


def test_a_report_that_is_not_ready_has_no_email_section(browser: Browser, api: FakeApi) -> None:
    changes = show(browser, ready=False)
    assert changes["report-email"] == {"hidden": True}
    assert changes["report-email-clock"] == {"disabled": True}
    assert api.count(DELIVERIES) == 0


def test_a_placeholder_is_answered_in_the_agreed_words_and_empties_the_form(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", DELIVERIES] = api.answers["POST", DELIVERIES] = answer(build_delivery())
    changes = send(browser, " ana@example.com;\nben@example.com, ")
    assert changes["report-email-said.children"] == "Email queued for future delivery (placeholder)"
    assert changes["report-recipients.value"] == ""
    assert posted(api) == [{"recipient_emails": ["ana@example.com", "ben@example.com"]}]


def test_a_real_delivery_says_how_many_were_queued(browser: Browser, api: FakeApi) -> None:
    queued = answer(build_delivery(1), build_delivery(2), enabled=True)
    api.answers["GET", DELIVERIES] = api.answers["POST", DELIVERIES] = queued
    changes = send(browser, "ana1@example.com\nana2@example.com", enabled=True)
    assert changes["report-email-said.children"] == "Queued for 2 recipients."


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        (
            ["queued", "suppressed"],
            "Queued for 1 recipient. 1 recipient won't get it. See the list for reasons.",
        ),
        (["sent", "uncertain"], "Queued for 2 recipients."),
        (
            ["suppressed", "placeholder"],
            "Nothing was queued. 2 recipients won't get it. See the list for reasons.",
        ),
    ],
)
def test_who_will_get_nothing_is_not_counted_as_queued(
    browser: Browser, api: FakeApi, statuses: list[str], said: str
) -> None:
    deliveries = [build_delivery(number, status=status) for number, status in enumerate(statuses, 1)]
    api.answers["GET", DELIVERIES] = api.answers["POST", DELIVERIES] = answer(*deliveries, enabled=True)
    changes = send(browser, "ana1@example.com\nana2@example.com", enabled=True)
    assert changes["report-email-said.children"] == said


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [(False, True, "was turned on in the meantime"), (True, False, "was turned off in the meantime")],
)
def test_nothing_is_sent_by_a_form_that_still_promised_otherwise(
    browser: Browser, api: FakeApi, was: bool, now: bool, words: str
) -> None:
    api.answers["GET", DELIVERIES] = answer(enabled=now)
    changes = send(browser, "ana@example.com", enabled=was)
    assert words in changes["report-email-said.children"]
    assert "report-recipients.value" not in changes
    assert posted(api) == []


def test_each_bad_address_is_named_and_nothing_is_lost(browser: Browser, api: FakeApi) -> None:
    errors = [
        {"pointer": "/recipient_emails/1", "detail": "value is not a valid email address: It must have an @-sign."},
        {"pointer": "/recipient_emails/2", "detail": "is no address"},
    ]
    problem = {"status": 422, "title": "", "code": "invalid", "detail": "Because of two", "errors": errors}
    api.answers["GET", DELIVERIES] = answer()
    api.answers["POST", DELIVERIES] = httpx.Response(422, json=problem)
    changes = send(browser, "ana@example.com, ben, <b>@example.com")
    said = json.dumps(changes["report-email-said.children"], ensure_ascii=False)
    assert "“ben”: It must have an @-sign." in said
    assert "“<b>@example.com”: is no address" in said
    assert "ana@example.com" not in said
    assert changes["report-recipients.error"] is True
    assert "report-recipients.value" not in changes


@pytest.mark.parametrize("typed", ["", " ,;\n"])
def test_an_empty_form_asks_for_an_address(browser: Browser, api: FakeApi, typed: str) -> None:
    said = send(browser, typed)["report-email-said.children"]
    assert said == "Nothing was queued. Enter at least one email address."
    assert api.count(DELIVERIES) == 0


def test_refusals_that_are_about_no_address_are_told(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", DELIVERIES] = answer()
    too_many = {"pointer": "/recipient_emails", "detail": "must have at most 100 items"}
    api.answers["POST", DELIVERIES] = httpx.Response(422, json={"code": "i", "detail": "", "errors": [too_many]})
    assert "Recipients must have at most 100 items" in str(send(browser, "a@b.example"))
    api.answers["POST", DELIVERIES] = httpx.Response(409, json={"code": "x", "detail": "Report 1 is queued."})
    assert "Nothing was queued: Report 1 is queued." in str(send(browser, "a@b.example"))
    api.answers["POST", DELIVERIES] = httpx.Response(503, json={"code": "store", "detail": "Try again in 5 s."})
    assert "Nothing was queued: Try again in 5 s." in str(send(browser, "a@b.example"))


def test_without_the_api_the_section_stays_and_what_was_typed_too(browser: Browser, api: FakeApi) -> None:
    browser.resume("analyst1")
    api.is_down = True
    changes = show(browser)
    assert changes["report-email-problem"] == {"hidden": False}
    assert changes["report-email-clock"] == {"disabled": False}
    assert "report-deliveries" not in changes
    said = send(browser, "ana@example.com")
    assert "The metrics API is not responding" in said["report-email-said.children"]
    assert "report-recipients.value" not in said


@pytest.mark.parametrize(
    ("status", "rests"),
    [("queued", False), ("sending", False)]
    + [(status, True) for status in ("sent", "failed", "uncertain", "placeholder", "suppressed", "cancelled")],
)
def test_the_section_follows_messages_until_they_have_ended(
    browser: Browser, api: FakeApi, status: str, rests: bool
) -> None:
    api.answers["GET", DELIVERIES] = answer(build_delivery(1, status="sent"), build_delivery(2, status=status))
    assert show(browser)["report-email-clock"] == {"disabled": rests}


def test_deliveries_that_did_not_change_are_not_drawn_anew(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", DELIVERIES] = answer(build_delivery())
    shown = show(browser)["report-email-shown"]["data"]
    assert "report-deliveries" not in show(browser, shown=shown)
    api.answers["GET", DELIVERIES] = answer(build_delivery(status="sending", attempt=1))
    assert "report-deliveries" in show(browser, shown=shown)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Waiting for a worker"),
        (
            {"attempt": 1, "next_attempt_at": NOW + timedelta(seconds=17), "reason": "451 try later"},
            "Attempt 2 of 5 at 10:28:32 UTC, because attempt 1 failed: 451 try later",
        ),
        ({"status": "sending", "attempt": 2}, "Attempt 2 of 5"),
        ({"status": "sent", "attempt": 1, "sent_at": NOW}, "31 Mar 10:28 UTC"),
        ({"status": "failed", "attempt": 1, "reason": "550 no such user"}, "550 no such user (1 attempt)"),
        ({"status": "failed", "attempt": 5}, "No reason given (5 attempts)"),
        (
            {"status": "uncertain", "attempt": 1, "reason": "The connection was lost."},
            "Not known whether it arrived: The connection was lost. An admin can resolve it on the Operations page.",
        ),
        (
            {"status": "uncertain", "attempt": 1, "reason": "The connection was lost.", "discarded_at": NOW},
            "Not known whether it arrived: The connection was lost. Discarded.",
        ),
        ({"status": "placeholder"}, "Recorded, never sent"),
        ({"status": "suppressed"}, "This address is suppressed"),
        ({"status": "cancelled"}, "Discarded"),
    ],
)
def test_every_state_is_explained(fields: dict[str, Any], words: str) -> None:
    assert format_note(build_delivery(**fields)) == words


def test_the_table_names_recipient_state_and_time() -> None:
    deliveries = [build_delivery(1, status="sent", sent_at=NOW), build_delivery(2, status="placeholder")]
    drawn = build_deliveries(answer(*deliveries), 1, readable=True)
    assert rows_of(drawn)[1] == ["ana1@example.com", "Sent 31 Mar 10:28 UTC", "31 Mar 10:28:15"]
    assert "2 messages: 1 sent, 1 placeholder" in text_of(drawn)
    assert build_deliveries(answer(), 1, readable=True) == []


def test_a_long_table_says_that_it_is_cut() -> None:
    cut = answer(build_delivery()).model_copy(update={"next_cursor": "more"})
    assert "Newest 1 message: 1 queued" in text_of(build_deliveries(cut, 1, readable=True))


@pytest.mark.parametrize(
    ("who", "fields", "words"),
    [
        ("analyst1", {"status": "placeholder", "has_content": True}, "View message that would have been sent"),
        ("analyst1", {"status": "sent", "has_content": True}, "View message"),
        ("analyst1", {"status": "placeholder", "has_content": False}, None),
        ("viewer1", {"status": "placeholder", "has_content": True}, None),
    ],
)
def test_what_was_rendered_is_a_link_away_for_who_may_mail_reports(
    browser: Browser, api: FakeApi, who: str, fields: dict[str, Any], words: str | None
) -> None:
    api.answers["GET", DELIVERIES] = answer(build_delivery(12, **fields))
    drawn = json.dumps(show(browser, who=who)["report-deliveries"]["children"])
    assert ("/dashboard/reports/1/messages/12" in drawn, words is None or words in drawn) == (words is not None, True)
