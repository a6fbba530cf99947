"""The growth page and performance reports in a real browser, on a real stack."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from playwright.sync_api import Browser, Locator, Page, StorageState, expect

from tests.support.browsing import ColorScheme, Visit, visit
from tests.support.builders import build_clicks, build_event, build_link
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.reports import ReportRequest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GROWTH = "/dashboard/growth"
REPORTS = "/dashboard/reports"
MAY = datetime(2022, 5, 4, 12, tzinfo=UTC)
WEEK = "?start=2022-05-02&end=2022-05-08"
MARCH = datetime(2021, 3, 10, 12, tzinfo=UTC)
JUNE = datetime(2022, 6, 8, 12, tzinfo=UTC)
ATTACKED_WEEK = "?start=2022-06-06&end=2022-06-12"
FARM = "198.51.100.9"
EMPTY_WEEK = "?start=2020-05-02&end=2020-05-08"
Open = Callable[..., AbstractContextManager[Visit]]


@pytest.fixture(scope="module")
def api(stack: dict[str, str]) -> MetricsApi:
    return MetricsApi.connect(stack["METRICS_API_URL"], stack["API_TOKEN"])


@pytest.fixture(scope="module")
def grown_stack(stack: dict[str, str], api: MetricsApi) -> dict[str, str]:
    """A stack with a week in which maria and ben sent three invites, which brought three conversions."""
    api.save_links(
        [
            build_link("may-1", inserted_at=MAY.isoformat()),
            build_link("may-2", inserted_at=MAY.isoformat()),
            build_link(
                "may-3", inserted_at=MAY.isoformat(), referrer_id="ben", source="parent_share", campaign="spring"
            ),
        ]
    )
    clicks = [
        click
        for number, link in enumerate(("may-1", "may-2", "may-3"))
        for click in build_clicks(2, at=MAY, apart=60, link_id=link, user_id=f"pupil-{number}")
    ]
    later = MAY + timedelta(hours=1)
    conversions = [
        build_event("conversion", at=later, link_id=link, user_id=f"pupil-{number}")
        for number, link in enumerate(("may-1", "may-2", "may-3"))
    ]
    api.save_events([*clicks, *conversions])
    return stack


@pytest.fixture(scope="module")
def attacked_stack(grown_stack: dict[str, str], api: MetricsApi) -> dict[str, str]:
    """Forty users sign up in March, ten of whom bring one more; in June a farm adds four conversions."""
    api.save_events([build_event("signup", at=MARCH, user_id=f"march-{number}") for number in range(40)])
    brought = [
        build_event("signup", at=MARCH + timedelta(days=8), user_id=f"friend-{number}", referrer_id=f"march-{number}")
        for number in range(10)
    ]
    weeks = (JUNE - timedelta(days=7), JUNE)
    links = [
        build_link(f"june-{at:%d}-{number}", inserted_at=at.isoformat(), referrer_id=f"pupil-{number}")
        for at in weeks
        for number in range(30)
    ]
    api.save_links(links)
    honest = [
        build_event(
            "conversion", at=at, user_id=f"new-{at:%d}-{number}", referrer_id=f"pupil-{number}", source="parent_share"
        )
        for at in weeks
        for number in range(6)
    ]
    farm = [
        build_event(
            "conversion", at=JUNE, user_id=f"fake-{number}", referrer_id="pupil-9", ip_address=FARM, source="prep_pack"
        )
        for number in range(4)
    ]
    clicks = build_clicks(11, at=JUNE, apart=60, ip_address=FARM, referrer_id="pupil-9", source="prep_pack")
    api.save_events([*brought, *honest, *farm, *clicks])
    return grown_stack


@pytest.fixture(scope="module")
def signed_in(browser: Browser, attacked_stack: dict[str, str]) -> Open:
    """Opens windows of the admin."""
    open_window = partial(visit, browser, attacked_stack["DASHBOARD_URL"])
    with open_window() as guest:
        guest.open("/login")
        guest.sign_in(attacked_stack["ADMIN_EMAIL"], attacked_stack["ADMIN_PASSWORD"])
        guest.page.wait_for_url("**/dashboard/guardrails")
        state: StorageState = guest.page.context.storage_state()
    return partial(open_window, state=state)


@pytest.fixture(scope="module")
def report_path(signed_in: Open, api: MetricsApi) -> str:
    """The page of a finished report on the week."""
    request = ReportRequest(report_type="custom", period_start=date(2022, 5, 2), period_end=date(2022, 5, 8))
    path = f"{REPORTS}/{api.request_report(request).id}"
    with signed_in() as guest:
        guest.open(path)
        expect(card(guest.page, "K-factor")).to_be_visible(timeout=60_000)
    return path


def card(page: Page, heading: str) -> Locator:
    """The card with this heading, as a screen reader finds it."""
    return page.get_by_role("region", name=heading, exact=True)


def test_the_growth_page_shows_k_and_where_it_comes_from(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(GROWTH + WEEK)
        honest_k = card(guest.page, "Honest K")
        expect(honest_k.get_by_role("row", name="K-factor")).to_contain_text("1.50")
        expect(honest_k).to_contain_text("No signups in the 8 weeks to 8 May")
        expect(card(guest.page, "Spread")).to_contain_text("Too few referrers to tell")
        expect(card(guest.page, "Why K changed")).to_contain_text("Not enough data")
        expect(card(guest.page, "Why K changed").get_by_role("row", name="Together")).to_have_count(1)
        expect(card(guest.page, "Funnel").get_by_role("listitem").filter(has_text="Clicked")).to_contain_text("3")
        expect(card(guest.page, "Loops").get_by_role("row", name="Buddy challenge")).to_contain_text("2.00")


def test_what_is_flagged_is_no_growth(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(GROWTH + ATTACKED_WEEK)
        change = card(guest.page, "Why K changed")
        expect(change).to_contain_text("all of it is flagged")
        expect(change).to_contain_text("No clear change")
        expect(change.get_by_role("row", name="Flagged conversions")).to_contain_text("pupil-9: 4")
        loops = card(guest.page, "Loops").get_by_role("row")
        expect(loops.nth(1)).to_contain_text("Parent share")
        expect(loops.filter(has_text="Prep pack")).to_contain_text("Under review")
        first = card(guest.page, "Top referrers").get_by_role("row").nth(1)
        expect(first).not_to_contain_text("pupil-9")
        spread = card(guest.page, "Spread")
        expect(spread).to_contain_text("Half of the conversions come from 3 users")
        expect(spread.get_by_role("img", name="bring half of the conversions")).to_be_visible()
        assert guest.complaints == []


def test_honest_k_is_as_of_the_end_of_the_period(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(GROWTH + "?start=2021-04-12&end=2021-04-18")
        honest_k = card(guest.page, "Honest K")
        expect(honest_k).to_contain_text("0.20")
        expect(honest_k).to_contain_text("50 users who signed up 8 Mar – 21 Mar")
        expect(honest_k).to_contain_text("No earlier weeks to compare with")
        expect(honest_k.get_by_role("img")).to_have_accessible_name(re.compile(r"^0\.20, 95%: "))
        guest.open(GROWTH + "?start=2021-03-15&end=2021-03-21")
        expect(honest_k).to_contain_text("From 12 Apr: the first signups need 28 days")


def test_the_weeks_of_honest_k_turn_into_a_table_by_keyboard(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(GROWTH + "?start=2021-04-12&end=2021-04-18")
        weeks = card(guest.page, "Honest K by signup week")
        chart = weeks.get_by_role("img")
        expect(chart).to_have_accessible_name(re.compile("8 Mar 0.25"))
        weeks.get_by_role("radio", name="Chart").focus()
        guest.page.keyboard.press("ArrowRight")
        expect(chart).to_be_hidden()
        expect(weeks.get_by_role("row", name="8 Mar")).to_contain_text("0.25")
        term = card(guest.page, "Honest K").get_by_text("K clean")
        term.focus()
        expect(guest.page.get_by_role("tooltip")).to_contain_text("K-factor without flagged conversions.")


@pytest.mark.parametrize("width", [320, 800, 1100])
def test_growth_has_room_at_every_width(signed_in: Open, width: int) -> None:
    with signed_in(width=width) as guest:
        for week in (ATTACKED_WEEK, "?start=2021-04-12&end=2021-04-18", EMPTY_WEEK):
            guest.open(GROWTH + week)
            expect(guest.page.locator(".skeleton")).to_have_count(0)
            assert guest.page.evaluate("document.documentElement.scrollWidth") <= width, week


def test_a_referrer_leads_to_its_investigation(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(GROWTH + WEEK)
        card(guest.page, "Top referrers").get_by_role("link", name="maria").click()
        expect(guest.page.get_by_role("heading", name="Referrer maria", level=1)).to_be_visible()


def test_a_loop_is_chosen_and_stays_chosen_on_the_other_page(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(GROWTH + WEEK)
        k_factor = card(guest.page, "Honest K").get_by_role("row", name="K-factor")
        expect(k_factor).to_contain_text("1.50")
        guest.page.get_by_role("textbox", name="Loop").click()
        guest.page.keyboard.type("paren")
        guest.page.get_by_role("option", name="Parent share").click()
        expect(guest.page).to_have_url(re.compile("source=parent_share"))
        expect(k_factor).to_contain_text("1.00")
        expect(card(guest.page, "Loops").get_by_role("row", name="Buddy challenge")).to_have_count(0)
        guest.page.get_by_label("Main").get_by_role("link", name="Guardrails").click()
        expect(guest.page).to_have_url(re.compile("guardrails.*source=parent_share"))
        expect(card(guest.page, "Health Score")).to_contain_text("All loops")
        expect(card(guest.page, "Filtered traffic")).not_to_contain_text("All loops")
        guest.page.get_by_role("main").get_by_role("link", name="Clear filters").click()
        expect(card(guest.page, "Health Score")).not_to_contain_text("All loops")
        expect(guest.page.get_by_role("textbox", name="Loop")).to_have_value("All")
        assert guest.complaints == []


def test_a_campaign_is_chosen_on_a_phone(signed_in: Open) -> None:
    with signed_in(width=390) as guest:
        guest.open(GROWTH + WEEK)
        k_factor = card(guest.page, "Honest K").get_by_role("row", name="K-factor")
        expect(k_factor).to_contain_text("1.50")
        filters = guest.page.get_by_role("button", name="Filters")
        filters.click()
        guest.page.get_by_role("textbox", name="Campaign").click()
        guest.page.get_by_role("option", name="spring").click()
        expect(k_factor).to_contain_text("1.00")
        expect(card(guest.page, "Funnel")).to_contain_text("All campaigns")
        expect(filters).to_have_accessible_name("Filters 1")
        guest.page.keyboard.press("Escape")
        card(guest.page, "Top referrers").get_by_role("link", name=re.compile("View")).click()
        expect(guest.page.get_by_role("main")).to_contain_text("Campaign: spring")
        expect(guest.page.get_by_role("main").get_by_text("maria")).to_have_count(0)
        assert guest.complaints == []


def test_the_two_live_pages_do_not_get_into_each_others_way(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(GROWTH + WEEK)
        expect(card(guest.page, "Honest K")).to_contain_text("1.50")
        guest.page.get_by_label("Main").get_by_role("link", name="Guardrails").click()
        expect(card(guest.page, "Health Score")).to_be_visible()
        guest.page.go_back()
        expect(card(guest.page, "Honest K")).to_contain_text("1.50")
        guest.page.get_by_text("14 days").click()
        expect(guest.page).to_have_url(re.compile(rf"{GROWTH}\?days=14$"))
        assert guest.complaints == []


def test_a_report_is_asked_for_and_appears_without_a_reload(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(REPORTS)
        guest.page.get_by_label("New report type").get_by_text("Monthly").click()
        expect(guest.page.get_by_text("The 30 days ending yesterday (UTC)")).to_be_visible()
        guest.page.get_by_role("button", name="Generate report").click()
        expect(guest.page.get_by_role("status")).to_have_text(re.compile(r"Report \d+ is queued\."))
        row = guest.page.get_by_role("row", name=re.compile("Monthly growth report"))
        expect(row).to_contain_text("Ready", timeout=60_000)

        guest.page.get_by_label("Report type").get_by_role("link", name="Weekly").click()
        expect(guest.page).to_have_url(re.compile(r"\?report_type=weekly$"))
        expect(row).to_have_count(0)


def test_a_custom_report_without_dates_is_refused_in_words(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(REPORTS)
        guest.page.get_by_label("New report type").get_by_text("Custom dates").click()
        expect(guest.page.get_by_text("Up to 366 days, ending today or earlier")).to_be_visible()
        guest.page.get_by_role("button", name="Generate report").click()
        expect(guest.page.get_by_role("status")).to_contain_text("Choose a start date and an end date")


def test_a_report_says_what_was_found(signed_in: Open, report_path: str) -> None:
    with signed_in() as guest:
        guest.open(report_path)
        expect(guest.page.get_by_role("heading", name="Custom growth report", level=1)).to_be_visible()
        expect(card(guest.page, "K-factor")).to_contain_text("1.50")
        expect(card(guest.page, "Insights").get_by_role("listitem").first).to_be_visible()
        comparison = card(guest.page, "Compared with previous period")
        expect(comparison.get_by_role("row", name="Conversions")).to_have_text("Conversions30+3")
        exports = guest.page.get_by_label("Export", exact=True).get_by_role("link")
        expect(exports).to_have_text(["PDF", "HTML", "CSV", "JSON"])


@pytest.mark.parametrize(("label", "begins"), [("PDF", b"%PDF-"), ("HTML", b"<!"), ("CSV", b""), ("JSON", b"{")])
def test_a_report_is_kept_as_a_file(signed_in: Open, report_path: str, label: str, begins: bytes) -> None:
    with signed_in() as guest:
        guest.open(report_path)
        with guest.page.expect_download() as downloading:
            guest.page.get_by_role("link", name=label, exact=True).click()
        download = downloading.value
        assert download.suggested_filename.endswith(f".{label.lower()}")
        content = download.path().read_bytes()
        assert content.startswith(begins)
        assert len(content) > 100


def test_an_unknown_report_is_told_in_words(signed_in: Open) -> None:
    with signed_in() as guest:
        guest.open(f"{REPORTS}/999999")
        expect(guest.page.get_by_text("Report not found")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_is_blocked_inaccessible_or_too_wide(
    signed_in: Open, report_path: str, width: int, scheme: ColorScheme
) -> None:
    pages = [
        GROWTH + WEEK,
        GROWTH + ATTACKED_WEEK,
        GROWTH + EMPTY_WEEK,
        f"{GROWTH}/referrers{WEEK}",
        REPORTS,
        report_path,
    ]
    with signed_in(width=width, scheme=scheme) as guest:
        for path in pages:
            guest.open(path)
            guest.page.wait_for_load_state("networkidle")
            expect(guest.page.locator(".card").first).to_be_visible()
            assert guest.find_violations() == [], path
            assert guest.page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert guest.complaints == []
