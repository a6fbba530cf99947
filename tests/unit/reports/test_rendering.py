"""Web page, PDF and table of a report: complete, and never fooled by what callers named their loops."""

import codecs
import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from html.parser import HTMLParser

import pytest
from pypdf import PdfReader

from metrics_api.growth.loops import format_loop
from report_worker.insights import write_insights
from report_worker.recommendations import write_recommendations
from tests.support.report_facts import build_empty_facts, build_facts, build_referrer, build_restatement, build_timeline
from viral_contract.models.reports import DayInReport, Insight, ReportFacts, WrittenBy
from viral_reports.csv_file import render_csv
from viral_reports.html_page import render_html
from viral_reports.pdf_file import render_pdf
from viral_reports.written import NotWrittenError

MARKUP = "<b>&x</b> #panic() $y$ @z"


@dataclass(frozen=True)
class Written:
    facts: ReportFacts | None
    insights: list[Insight]
    recommendations: list[str]
    written_by: WrittenBy | None = "rules"
    id: int = 7
    restated_by: int | None = None


def write(facts: ReportFacts) -> Written:
    return Written(facts, write_insights(facts), write_recommendations(facts))


def named(name: str) -> Written:
    """A report whose loop and referrer have this name."""
    return write(build_facts(loops=[format_loop(name, 90, 400, 50, 80)], top_referrers=[build_referrer(name, 9, 9)]))


def read_pdf(report: Written) -> list[str]:
    reader = PdfReader(io.BytesIO(render_pdf(report)))
    return [page.extract_text() for page in reader.pages]


class Elements(HTMLParser):
    """Collects the elements and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]

    def handle_data(self, data: str) -> None:
        self.text += data


def read_html(report: Written) -> str:
    return Elements(render_html(report)).text


def read_pages(report: Written) -> str:
    return "\n".join(read_pdf(report))


def read_csv(report: Written) -> list[list[str]]:
    return list(csv.reader(io.StringIO(render_csv(report).removeprefix("\ufeff"))))


def test_the_web_page_holds_every_part() -> None:
    page = Elements(render_html(write(build_facts())))
    for heading in ("Insights", "Recommendations", "K-factor over time", "Funnel", "Loops", "Top referrers"):
        assert heading in page.text
    assert "2–8 March 2026" in page.text
    assert "23 February – 1 March 2026" in page.text
    assert "svg" in page.tags


def test_the_web_page_loads_nothing_and_runs_nothing() -> None:
    page = Elements(render_html(write(build_facts())))
    assert page.links == []
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)


@pytest.mark.parametrize("name", [MARKUP, "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}"])
def test_names_stay_text_in_the_web_page(name: str) -> None:
    harmless, hostile = Elements(render_html(named("a"))), Elements(render_html(named(name)))
    assert hostile.tags == harmless.tags
    assert name in hostile.text


@pytest.mark.parametrize("name", [MARKUP, '#eval("1")', "\\", "]", "= h", "//c", "/*", "`", '#image("/etc/passwd")'])
def test_names_stay_text_in_the_pdf(name: str) -> None:
    assert name in "\n".join(read_pdf(named(name)))


@pytest.mark.parametrize(
    "name", ["李小龙的朋友圈", "한국어학교", "ไทย", "日本語かな", "🎓", "עברית", "naïve café", "\uff1d"]
)
def test_the_pdf_shows_names_of_every_script(name: str) -> None:
    """On 140f6a8 the cells are empty where names are not Latin."""
    text = "\n".join(read_pdf(named(name)))
    assert name in text
    assert "[U+" not in text


def test_a_character_without_a_shape_is_shown_by_its_number() -> None:
    """So rows can be told apart whatever their names are made of."""
    text = "\n".join(read_pdf(named("\u13e3x\U0001ffff")))
    assert "[U+13E3]x[U+1FFFF]" in text


@pytest.mark.parametrize("render", [render_html, render_csv])
def test_a_name_does_not_turn_the_text_around_it(render: Callable[[Written], str]) -> None:
    """On 140f6a8 what follows the name is read from right to left."""
    text = render(named("a\u202ecod"))
    assert "a\u202ecod" in text.lower()
    assert "a\u202ecod" not in text.lower().replace("\u2068a\u202ecod\u2069", "")


def test_the_table_of_a_report_is_read_as_utf_8_by_spreadsheets() -> None:
    assert render_csv(named("naïve café")).encode().startswith(codecs.BOM_UTF8 + b"section,item")


def test_the_pdf_numbers_its_pages_and_names_its_period() -> None:
    pages = read_pdf(write(build_facts()))
    assert len(pages) >= 2
    for number, page in enumerate(pages, start=1):
        assert f"{number} of {len(pages)}" in page
        assert "2–8 March 2026" in page


def test_the_pdf_uses_its_own_fonts_and_is_the_same_each_time() -> None:
    report = write(build_facts())
    pdf = render_pdf(report)
    assert pdf == render_pdf(report)
    fonts = {str(font["/BaseFont"]) for page in PdfReader(io.BytesIO(pdf)).pages for font in page_fonts(page)}
    assert all("Inter" in font for font in fonts)


def page_fonts(page: object) -> list[dict[str, object]]:
    return [font.get_object() for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]


@pytest.mark.parametrize("render", [render_html, render_pdf, render_csv])
@pytest.mark.parametrize(
    "facts",
    [
        build_empty_facts(),
        build_facts(timeline=build_timeline((1.0,)), funnel=[], previous_loops=[]),
        build_facts(timeline=[], loops=[format_loop(f"loop {n}", 1, 1, 1, 1) for n in range(60)]),
        build_facts(loops=[format_loop("x" * 128, 0, 40, 0, 0)], top_referrers=[build_referrer("y" * 128, 1, 10**9)]),
        build_facts(
            timeline=[
                DayInReport(date=date(2025, 1, 1) + timedelta(n), invites=1, clicks=1, conversions=n, k_factor=n)
                for n in range(366)
            ]
        ),
    ],
    ids=["empty", "one day", "many loops", "long names", "a year"],
)
def test_renders(render: object, facts: ReportFacts) -> None:
    assert render(write(facts))  # type: ignore[operator]


def test_without_data_both_say_so() -> None:
    report = write(build_empty_facts())
    assert "No data in this period" in Elements(render_html(report)).text
    assert "No data in this period" in read_pdf(report)[0]


def test_the_table_holds_every_figure_as_it_is() -> None:
    facts = build_facts()
    rows = {tuple(row[:3]): row[3] for row in read_csv(write(facts))}
    assert rows["current", "", "k_factor"] == str(facts.current.k_factor)
    assert rows["loop", "buddy_challenge", "conversions"] == "405"
    assert rows["referrer", "maria", "k_contribution"] == "0.062"
    assert rows["day", "2026-03-04", "k_factor"] == "0.62"
    assert rows["report", "", "period_end"] == "2026-03-08"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "＝1+1"])
def test_formulas_are_only_text_in_the_table(name: str) -> None:
    cells = [cell for row in read_csv(named(name)) for cell in row if name in cell]
    assert cells
    assert not any(cell.strip(" ").startswith(name.strip(" ")) for cell in cells)


def test_negative_numbers_stay_numbers_in_the_table() -> None:
    rows = {tuple(row[:3]): row[3] for row in read_csv(write(build_facts(k_factor_clean=0.6)))}
    assert float(rows["insight", "clean_growth", "effect"]) == pytest.approx(-0.144)


def test_a_report_that_is_not_ready_is_refused() -> None:
    with pytest.raises(NotWrittenError):
        render_html(Written(None, [], []))


def test_the_pdf_says_who_wrote() -> None:
    facts = build_facts()
    report = Written(facts, write_insights(facts), write_recommendations(facts), written_by="model")
    assert "language model" in json.dumps(read_pdf(report))


REASON = "Case 5 (network: over limit) was judged legitimate, 9 conversions of this period."


@pytest.mark.parametrize("read", [read_html, read_pages])
def test_a_restatement_says_why_with_old_and_new_figures(read: Callable[[Written], str]) -> None:
    said = " ".join(read(write(build_facts(restatement=build_restatement()))).split())
    assert "This report restates report 3 of 9 March 2026, 09:00 UTC" in said
    assert REASON in said
    assert "Late data: +12 clicks, −1 conversions." in said
    cells = said.replace(" ", "")
    assert "Kclean0.600.74+0.14" in cells
    assert "Healthstatusgoodexcellent" in cells


@pytest.mark.parametrize("read", [read_html, read_pages])
def test_a_report_that_is_restated_names_the_one_that_replaces_it(read: Callable[[Written], str]) -> None:
    said = " ".join(read(replace(write(build_facts()), restated_by=9)).split())
    assert "This report was restated by report 9" in said


def test_the_table_of_a_restatement_has_the_figures_of_the_first_report() -> None:
    rows = read_csv(replace(write(build_facts(restatement=build_restatement())), restated_by=9))
    assert ["report", "", "restated_by", "9"] in rows
    assert ["first_report", "", "k_factor_clean", "0.6"] in rows
    assert ["restating_case", "5", "rules", "over_limit"] in rows
    assert ["restatement", "", "late_clicks", "12"] in rows
