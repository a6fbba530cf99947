"""What recipients read: complete in HTML and in plain text, with and without pictures, whatever names it holds."""

from html.parser import HTMLParser

import pytest

from email_worker.alert_summary import MOST_SHOWN
from email_worker.letters import Letter, write_alert_letter, write_report_letter
from metrics_api.growth.loops import format_loop
from tests.support.letters import REPORT_URL, UNSUBSCRIBE_URL, build_alert_event, build_notification, build_report
from tests.support.report_facts import build_empty_facts, build_facts, build_restatement
from viral_contract.models.reports import Report
from viral_reports.page import build_page

MARKUP = "<script>&x</script>\r\nBcc: eve@x.example"
PNG = b"\x89PNG\r\n\x1a\n"


class Elements(HTMLParser):
    """Collects what a page shows and what it loads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.links: list[str] = []
        self.alts: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.sources += [given[name] for name in ("src", "background", "srcset") if name in given]
        self.links += [given["href"]] if "href" in given else []
        self.alts += [given["alt"]] if "alt" in given else []

    def handle_data(self, data: str) -> None:
        self.text += data


def write(report: Report, unsubscribe_url: str | None = None) -> Letter:
    return write_report_letter(report, report_url=REPORT_URL, unsubscribe_url=unsubscribe_url)


def test_both_parts_of_a_restatement_say_why_with_old_and_new_figures() -> None:
    report = build_report()
    report.facts = build_facts(restatement=build_restatement())
    letter = write(report)
    assert letter.subject.startswith("Restated: ")
    for part in (Elements(letter.html).text, letter.text):
        assert "This report restates report 3" in " ".join(part.split())
        assert "Case 5 (network: over limit) was judged legitimate" in part
    assert "K clean: 0.60 in the first report, now 0.74" in letter.text


def test_both_parts_tell_every_figure_finding_and_recommendation() -> None:
    report = build_report()
    letter, page = write(report), build_page(report)
    shown = Elements(letter.html).text
    for part in (shown, letter.text):
        for kpi in page.kpis:
            assert {kpi.label, kpi.value, kpi.note} <= {
                word for word in (kpi.label, kpi.value, kpi.note) if word in part
            }
        for text in [finding.text for finding in page.findings] + page.recommendations:
            assert text in part
        for bar in page.loop_bars:
            assert bar.label in part
        assert page.health_score in part
        assert page.period in part
    assert letter.subject == "Weekly growth report, 2–8 March 2026"


def test_the_chart_is_inside_and_its_alternative_says_what_it_shows() -> None:
    letter = write(build_report())
    page = Elements(letter.html)
    assert [(name, image[:8]) for name, image in letter.images.items()] == [("k-factor", PNG)]
    assert page.sources == ["cid:k-factor"]
    assert page.alts == ["Daily K-factor: 0.50 on 2 Mar, 0.77 on 8 Mar, peak 0.81 on 7 Mar."]
    assert page.alts[0] in letter.text


def test_nothing_is_loaded_or_run() -> None:
    page = Elements(write(build_report(), UNSUBSCRIBE_URL).html)
    assert not {"script", "link", "iframe", "form", "object", "video"} & set(page.tags)
    assert page.links == [REPORT_URL, UNSUBSCRIBE_URL]


def test_only_subscribers_are_shown_a_way_out() -> None:
    assert UNSUBSCRIBE_URL in write(build_report(), UNSUBSCRIBE_URL).text
    for part in (write(build_report()).html, write(build_report()).text):
        assert "nsubscribe" not in part


def test_an_empty_report_says_so_and_has_no_chart() -> None:
    letter = write(build_report(build_empty_facts()))
    assert (letter.images, Elements(letter.html).sources) == ({}, [])
    for part in (letter.html, letter.text):
        assert "No data in this period." in part


def test_names_of_callers_are_shown_as_they_are() -> None:
    letter = write(build_report(build_facts(loops=[format_loop(MARKUP, 90, 400, 50, 80)])))
    page = Elements(letter.html)
    assert "script" not in page.tags
    assert "<script>" in page.text
    assert "\n" not in letter.subject


def test_a_single_alert_event_is_the_subject() -> None:
    letter = write_alert_letter(build_notification(), unsubscribe_url=None)
    assert letter.subject == "New alert (high): 14 IP addresses were flagged"
    for part in (Elements(letter.html).text, letter.text):
        assert "14 IP addresses were flagged" in part
        assert "9 March 2026, 09:00 UTC" in part
        assert "On call" in part
    assert Elements(letter.html).links == ["https://dashboard.example/dashboard/alerts/3"]


def test_a_test_message_is_known_by_its_subject() -> None:
    letter = write_alert_letter(build_notification(is_test=True), unsubscribe_url=None)
    assert letter.subject.startswith("Test: New alert (high): ")


def test_several_are_a_digest() -> None:
    events = [
        build_alert_event(event="escalated", severity="critical"),
        build_alert_event(event="ended", message="Opt-out is back"),
    ]
    letter = write_alert_letter(build_notification(*events), unsubscribe_url=UNSUBSCRIBE_URL)
    assert letter.subject == "2 alert updates from On call"
    for part in (Elements(letter.html).text, letter.text):
        assert ["Alert escalated, critical" in part, "Alert closed, high" in part, "Opt-out is back" in part] == [
            True
        ] * 3
    assert UNSUBSCRIBE_URL in letter.text


@pytest.mark.parametrize(("count", "more"), [(MOST_SHOWN, ""), (MOST_SHOWN + 80, "And 80 more on the dashboard.")])
def test_a_storm_is_told_by_its_beginning(count: int, more: str) -> None:
    letter = write_alert_letter(build_notification(*[build_alert_event()] * count), unsubscribe_url=None)
    assert letter.text.count("14 IP addresses were flagged") == MOST_SHOWN
    assert ("more on the dashboard" in letter.text, more in letter.text) == (bool(more), True)
