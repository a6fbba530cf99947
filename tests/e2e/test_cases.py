"""From an alert to a verdict and back, in a real browser, on a real stack."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import create_engine

from tests.e2e.mailing import open_windows
from tests.support.browsing import ColorScheme, Visit
from tests.support.builders import build_clicks
from tests.support.people import create_person
from tests.support.stack_process import ONE_PROCESS_EACH, StackProcess
from tests.support.suspects import BOTS, LUCKY, SELFISH, save_suspects
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.cases import VerdictRequest
from viral_contract.models.people import Role

# In one of pytest-xdist's workers, so that only one stack is started.
pytestmark = [pytest.mark.browser, pytest.mark.slow]

GUARDRAILS = "/dashboard/guardrails"
CASES = "/dashboard/cases"
VERDICTS = re.compile("^(Fraud|Legitimate|Unsure)")


class Open(Protocol):
    """Opens the window of a role."""

    def __call__(
        self, role: Role, *, width: int = 1440, scheme: ColorScheme = "light"
    ) -> AbstractContextManager[Visit]: ...


class Suspects:
    """The stack, and a conversion of each suspect."""

    def __init__(self, stack: dict[str, str]) -> None:
        self.dashboard = stack["DASHBOARD_URL"]
        self.api = MetricsApi.connect(stack["METRICS_API_URL"], stack["API_TOKEN"])
        engine = create_engine(stack["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1))
        for role in Role:
            create_person(engine, role, f"{role}@example.org")
        engine.dispose()
        self.conversions = save_suspects(self.api, datetime.now(UTC))
        self.api.evaluate_now()

    @property
    def k_clean(self) -> float:
        """K without what is flagged, of the last 7 days."""
        return self.api.fetch_k_factor(days=7).k_factor_clean

    def find_case(self, entity: str) -> int:
        """The open case about somebody or something."""
        [case] = self.api.fetch_cases(q=entity).cases
        return case.id

    def judge_reward(self, referrer: str) -> str:
        """What the app is answered about a reward of this referrer."""
        return self.api.fetch_credibility(self.conversions[referrer]).verdict


@pytest.fixture(scope="module")
def suspects() -> Iterator[Suspects]:
    """A stack with suspects and one person of each role."""
    with (
        tempfile.TemporaryDirectory(prefix="viral-engine-") as name,
        StackProcess(Path(name) / "var", **ONE_PROCESS_EACH) as process,
    ):
        yield Suspects(process.wait_until_ready())


@pytest.fixture(scope="module")
def signed_in(browser: Browser, suspects: Suspects) -> Open:
    """Opens windows of the person of a role."""
    return open_windows(browser, suspects.dashboard)


def card(page: Page, heading: str) -> Locator:
    """The card with this heading, as a screen reader finds it."""
    return page.get_by_role("region", name=heading)


def row_of(page: Page, entity: str) -> Locator:
    """The row of the queue about somebody or something."""
    return page.get_by_role("row").filter(has_text=entity)


def open_queue(guest: Visit, search: str = "") -> Page:
    """The queue with its rows."""
    guest.open(CASES + search)
    expect(guest.page.get_by_role("table")).to_be_visible()
    return guest.page


def test_from_an_alert_to_a_case_that_only_looks_to_fraud_and_back(signed_in: Open, suspects: Suspects) -> None:
    before = suspects.k_clean
    assert suspects.judge_reward(LUCKY) == "doubtful"
    with signed_in(Role.ADMIN) as guest:
        page = guest.page
        guest.open(GUARDRAILS)
        expect(card(page, "Active alerts").get_by_text("Click fraud").first).to_be_visible()
        culprit = card(page, "Top culprits").get_by_role("listitem").filter(has_text=LUCKY)
        expect(culprit).to_contain_text(re.compile(r"24 conversions; \d\.\d expected from 60 clicks"))
        culprit.get_by_role("link").click()

        expect(page.get_by_role("heading", name=LUCKY, level=1)).to_be_visible()
        evidence = card(page, "Evidence")
        expect(evidence.get_by_text("Worth a look", exact=True)).to_be_visible()
        expect(evidence.get_by_role("row", name=re.compile("^Probability by chance"))).to_contain_text("10⁻")
        verdict = card(page, "Verdict")
        expect(verdict.get_by_role("row", name=re.compile("^24 rewards"))).to_contain_text("Not credible")
        verdict.get_by_label("Note").fill("Buys traffic")
        verdict.get_by_role("button", name="Save as fraud").click()
        expect(page.get_by_text(re.compile(r"^Case \d+: fraud"))).to_be_visible()
        expect(verdict.get_by_text("by admin@example.org just now")).to_be_visible()
        expect(verdict.get_by_text("Buys traffic")).to_be_visible()
        assert suspects.k_clean < before
        assert suspects.judge_reward(LUCKY) == "not_credible"

        verdict.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("is open again")).to_be_visible()
        expect(verdict.get_by_role("button", name="Save as fraud")).to_be_visible()
        assert suspects.k_clean == before
        assert suspects.judge_reward(LUCKY) == "doubtful"
        assert guest.complaints == []


def test_a_case_that_flags_is_judged_legitimate_with_the_keyboard(signed_in: Open, suspects: Suspects) -> None:
    before = suspects.k_clean
    with signed_in(Role.ANALYST) as guest:
        page = open_queue(guest, f"?q={SELFISH}")
        row = row_of(page, SELFISH)
        expect(row).to_contain_text("Self-referral")
        page.keyboard.press("j")
        expect(row).to_be_focused()
        expect(row).to_have_attribute("aria-current", "true")
        page.keyboard.press("l")
        form = page.get_by_role("dialog")
        expect(form.get_by_role("heading")).to_have_text(re.compile(r"^Mark case \d+ as legitimate$"))
        expect(form.get_by_label("Note")).to_be_focused()
        page.keyboard.type("An agency that tests our links")
        page.keyboard.press("Enter")
        expect(row).to_contain_text("Legitimate, by you just now")
        expect(row).to_be_focused()
        assert suspects.k_clean > before

        page.keyboard.press("z")
        expect(page.get_by_text("is open again")).to_be_visible()
        expect(row.get_by_role("button", name="Legitimate")).to_be_visible()
        assert suspects.k_clean == before
        assert guest.complaints == []


def test_several_are_decided_in_one_step_and_undone_in_one(signed_in: Open, suspects: Suspects) -> None:
    with signed_in(Role.ANALYST) as guest:
        page = open_queue(guest, "?kind=device")
        rows = page.locator("tr[data-case]")
        expect(rows).to_have_count(len(BOTS))
        for _ in range(2):
            page.keyboard.press("j")
            page.keyboard.press("x")
        selection = page.get_by_role("region", name="Selection")
        expect(selection).to_contain_text("2 selected")
        page.get_by_role("checkbox", name="Select page").click()
        expect(selection).to_contain_text("4 devices · 0 conversions · 12 clicks at stake")
        page.keyboard.press("f")
        page.get_by_role("button", name="Mark 4 as fraud").click()
        toast = page.locator("#verdict-toast")
        expect(toast).to_contain_text("4 cases decided: fraud")
        expect(rows.first).to_contain_text("Fraud, by you just now")
        expect(selection).to_be_hidden()
        assert suspects.api.fetch_cases(kind="device").total == 0

        toast.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("4 verdicts undone.")).to_be_visible()
        expect(rows.first.get_by_text("Fraud, by you")).to_have_count(0)
        assert suspects.api.fetch_cases(kind="device").total == len(BOTS)
        page.keyboard.press("x")
        expect(selection).to_be_visible()
        page.keyboard.press("Escape")
        expect(selection).to_be_hidden()
        assert guest.complaints == []


def test_who_comes_second_sees_who_was_first(signed_in: Open) -> None:
    with signed_in(Role.ANALYST) as guest, signed_in(Role.ADMIN) as other:
        page = open_queue(guest, f"?q={SELFISH}")
        colleague = open_queue(other, f"?q={SELFISH}")
        for each, key in ((colleague, "l"), (page, "f")):
            each.keyboard.press("j")
            each.keyboard.press(key)
            expect(each.get_by_role("dialog")).to_be_visible()
        colleague.keyboard.press("Enter")
        expect(row_of(colleague, SELFISH)).to_contain_text("Legitimate, by you just now")
        page.keyboard.press("Enter")
        row = row_of(page, SELFISH)
        expect(row).to_contain_text("Legitimate, by admin@example.org just now")
        row.get_by_role("link", name="View").click()
        verdict = card(page, "Verdict")
        expect(verdict.get_by_text("by admin@example.org")).to_be_visible()
        verdict.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("is open again")).to_be_visible()


def test_a_row_that_somebody_else_decides_keeps_its_place_until_the_next_navigation(
    signed_in: Open, suspects: Suspects
) -> None:
    case_id = suspects.find_case(LUCKY)
    with signed_in(Role.ANALYST) as guest:
        page = open_queue(guest)
        row = row_of(page, LUCKY)
        expect(row.get_by_role("checkbox")).to_be_visible()
        decided = suspects.api.decide_case(case_id, VerdictRequest(verdict="legitimate", reason="Our own test"))
        page.get_by_role("button", name="Refresh").click()
        expect(row).to_contain_text(re.compile("Legitimate, by .* just now"))
        expect(row.get_by_role("link", name="View")).to_be_visible()
        expect(row.get_by_role("checkbox")).to_have_count(0)
        page.reload()
        expect(page.locator("tr[data-row]").first).to_be_visible()
        expect(row).to_have_count(0)
        assert decided.decision is not None
        suspects.api.undo_verdict(case_id, decided.decision.id)
        assert guest.complaints == []


def test_selected_cases_are_put_on_a_list_and_found_by_when_they_were_seen(signed_in: Open) -> None:
    with signed_in(Role.ADMIN) as guest:
        page = open_queue(guest, "?kind=device")
        page.get_by_role("checkbox", name=re.compile(r"^Select case")).first.click()
        page.get_by_role("button", name="Add to list…").click()
        window = page.get_by_role("dialog", name="Add to list")
        window.get_by_role("textbox", name="List").click()
        page.get_by_role("option", name="Watch").click()
        window.get_by_label("Reason").fill("Looks like a phone of ours")
        window.get_by_role("button", name="Add to list").click()
        expect(page.get_by_text("1 entry is now watched.")).to_be_visible()
        page.get_by_role("textbox", name="Seen").click()
        page.get_by_role("option", name="Last 7 days").click()
        expect(page).to_have_url(re.compile("days=7"))
        expect(page.locator("tr[data-row]")).to_have_count(len(BOTS))
        assert guest.complaints == []


def test_a_network_that_only_the_referrer_uses_is_decided_with_the_case(signed_in: Open, suspects: Suspects) -> None:
    at = datetime.now(UTC) - timedelta(days=1)
    clicks = build_clicks(12, at=at, apart=60, ip_address="203.0.113.77", referrer_id=SELFISH)
    suspects.api.save_events(clicks)
    suspects.api.evaluate_now()
    with signed_in(Role.ANALYST) as guest:
        page = guest.page
        guest.open(f"{CASES}/{suspects.find_case(SELFISH)}")
        expect(card(page, "Timeline").get_by_text("Opened by Self-referral")).to_be_visible()
        verdict = card(page, "Verdict")
        expect(verdict.get_by_role("checkbox", name="Also decide 1 linked case")).to_be_checked()
        expect(verdict.get_by_text("network 203.0.113")).to_be_visible()
        page.keyboard.press("l")
        verdict.get_by_role("button", name="Save as legitimate").click()
        toast = page.locator("#verdict-toast")
        expect(toast).to_contain_text("2 cases decided: legitimate")
        toast.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("2 verdicts undone.")).to_be_visible()
        assert guest.complaints == []


def test_viewers_see_evidence_and_no_buttons(signed_in: Open, suspects: Suspects) -> None:
    with signed_in(Role.VIEWER) as guest:
        page = guest.page
        guest.open(GUARDRAILS)
        expect(card(page, "Top culprits").get_by_role("listitem").first).to_be_visible()
        expect(card(page, "Top culprits").get_by_role("button")).to_have_count(0)
        open_queue(guest)
        expect(page.get_by_role("button", name=VERDICTS)).to_have_count(0)
        expect(page.get_by_role("checkbox")).to_have_count(0)
        guest.open(f"{CASES}/{suspects.find_case(LUCKY)}")
        expect(card(page, "Evidence").get_by_text("Worth a look", exact=True)).to_be_visible()
        expect(card(page, "Verdict").get_by_role("button")).to_have_count(0)
        assert guest.complaints == []


def test_filters_search_the_file_and_the_way_back_from_no_match(signed_in: Open) -> None:
    with signed_in(Role.ADMIN) as guest:
        page = open_queue(guest)
        page.get_by_label("Referrer, device, network, link").fill("usr_zz")
        expect(page.get_by_text("No case matches")).to_be_visible()
        expect(page.get_by_text("“usr_zz”, open")).to_be_visible()
        page.get_by_role("link", name="Clear filters").click()
        expect(row_of(page, LUCKY)).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()
        text = Path(download.value.path()).read_text()
        assert re.fullmatch(r"cases_\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
        assert LUCKY in text
        row_of(page, LUCKY).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=LUCKY, level=1)).to_be_visible()
        page.keyboard.press("j")
        expect(page.get_by_role("heading", name=LUCKY, level=1)).to_be_hidden()
        assert guest.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_both_pages_are_accessible(signed_in: Open, suspects: Suspects, width: int, scheme: ColorScheme) -> None:
    with signed_in(Role.ADMIN, width=width, scheme=scheme) as guest:
        page = open_queue(guest)
        row_of(page, LUCKY).click(position={"x": 200, "y": 8})
        page.keyboard.press("f")
        expect(page.get_by_role("dialog")).to_be_visible()
        assert guest.find_violations() == []
        guest.open(f"{CASES}/{suspects.find_case(LUCKY)}")
        expect(card(page, "What it touches").get_by_role("group", name=re.compile("^Connects"))).to_be_visible()
        expect(card(page, "Verdict").get_by_role("table")).to_be_visible()
        assert guest.find_violations() == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
