"""The attacked week of the demo data: what page, report and email say of a rise that is flagged."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.mailing import Mailing, Open, open_windows, start_mailing
from tests.support.mail_server import mail_server
from tests.support.waiting import wait_until
from viral_cli.local.demo import load_demo
from viral_cli.local.demo.fraud import TOO_MANY_A_DAY
from viral_cli.local.demo.people import user_id_of
from viral_contract.models.people import Role
from viral_contract.models.reports import Report

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CULPRIT = user_id_of(TOO_MANY_A_DAY.name)
LOOP = "Buddy challenge"
RECIPIENT = "head@school.example"


@pytest.fixture(scope="module")
def attacked() -> Iterator[Mailing]:
    """A stack that mails, with the demo data."""
    with (
        tempfile.TemporaryDirectory(prefix="viral-engine-") as name,
        mail_server() as mail,
        start_mailing(Path(name) / "var", mail) as mailing,
    ):
        load_demo(mailing.api, datetime.now(UTC), print)
        yield mailing


@pytest.fixture(scope="module")
def report(attacked: Mailing) -> Report:
    """The weekly report."""
    return attacked.api.fetch_report(attacked.make_report())


@pytest.fixture(scope="module")
def open_page(browser: Browser, attacked: Mailing) -> Open:
    """Opens windows of an analyst."""
    return partial(open_windows(browser, attacked.stack["DASHBOARD_URL"]), Role.ANALYST)


def check_words(text: str, advice: str) -> None:
    """The honest change is none, the culprit is named, and nothing is recommended about either."""
    said = " ".join(text.split())
    assert "flagged conversions account for +0." in said
    assert "Honest growth: without flagged conversions, K was" in said
    assert "no clear change, the difference may be due to chance" in said
    assert f"Flagged conversions are credited to {CULPRIT} (11)" in said
    assert [sign for sign in ("▲", "▼", "↑", "↓") if sign in said.split("Conversions")[0]] == []
    assert CULPRIT not in advice
    assert LOOP not in advice


def test_the_report_page_says_that_honest_growth_did_not_change(open_page: Open, report: Report) -> None:
    with open_page() as guest:
        guest.open(f"/dashboard/reports/{report.id}")
        main = guest.page.get_by_role("main")
        expect(main.get_by_role("region", name="Honest K", exact=True)).to_contain_text("no clear change")
        advice = main.get_by_role("region", name="Recommendations", exact=True).inner_text()
        check_words(main.inner_text(), advice)
        loops = main.get_by_role("region", name="Loop details", exact=True)
        expect(loops.get_by_role("row", name=LOOP)).to_contain_text("under review")
        expect(main.locator(".trend-up")).to_have_count(0)


def test_the_growth_page_says_that_honest_growth_did_not_change(open_page: Open, report: Report) -> None:
    with open_page() as guest:
        guest.open(f"/dashboard/growth?start={report.period_start}&end={report.period_end}")
        why = guest.page.get_by_role("region", name="Why K changed", exact=True)
        expect(why).to_contain_text("of it is flagged")
        expect(why).to_contain_text("No clear change")
        expect(why).to_contain_text(CULPRIT)


def test_the_email_and_the_exports_say_the_same(attacked: Mailing, report: Report) -> None:
    with attacked.email_on(report.id):
        attacked.api.deliver_report(report.id, [RECIPIENT])
        wait_until(lambda: attacked.find_taken(RECIPIENT) == 1, "the email arrives")
    (taken,) = [each for each in attacked.mail.taken if RECIPIENT in each.recipients]
    body = taken.message.get_body(("plain",))
    assert body is not None
    advice = " ".join(report.recommendations)
    check_words(body.get_content(), advice)
    assert advice.split(".")[0] in " ".join(body.get_content().split())
    assert all(CULPRIT in each.decode() for each in (attacked.api.export_report(report.id, "html"),))
