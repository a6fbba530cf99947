"""What one report says."""

from typing import Any

import pytest

from dashboard.reports.report import build_report as draw
from tests.support.report_facts import build_empty_facts, build_facts, build_restatement
from tests.unit.dashboard.growth_answers import build_report, build_run
from tests.unit.dashboard.tree import find, rows_of, text_of, walk
from viral_reports.page import build_page


def card(body: Any, slug: str) -> Any:
    return find(body, f"card-{slug}")


def test_a_report_is_headed_by_its_type_its_dates_and_who_asked() -> None:
    header = find(draw(build_report()), "page-header")
    assert "Weekly growth report" in text_of(header)
    assert "2–8 Mar 2026 · generated 31 Mar 10:28 UTC · requested by ana@example.com" in text_of(header)
    exports = [part.href for part in walk(find(header, "exports")) if hasattr(part, "href")]
    assert exports == [f"/dashboard/reports/1/export?format={name}" for name in ("pdf", "html", "csv", "json")]


def test_a_report_says_everything_that_was_found() -> None:
    body = draw(build_report())
    assert text_of(find(body, "k-line")).startswith("0.74 ↑  Up +35.3%")
    assert "Conversions 744" in text_of(card(body, "report-engagement"))
    assert text_of(find(card(body, "report-loops"), "bar-label")) == "Buddy challenge Parent share Streak rescue"
    assert text_of(find(card(body, "report-funnel"), "bar-label")).startswith("Clicked Visited Signed up")
    assert rows_of(card(body, "report-referrers"))[1][:3] == ["maria", "40", "62"]
    assert rows_of(card(body, "report-comparison"))[1] == ["K-factor", "0.74", "0.55", "+0.19"]
    assert "2–8 Mar 2026 vs. 23 Feb – 1 Mar 2026" in text_of(card(body, "report-comparison"))
    assert rows_of(card(body, "report-health"))[-1] == ["Score", "92.0"]
    assert "Show the strongest loop to more users." in text_of(card(body, "report-recommendations"))


def test_an_insight_tells_its_rule_its_interval_and_its_sample_and_stays_text() -> None:
    insights = card(draw(build_report()), "report-insights")
    assert "K rose <b>much</b>." in text_of(insights)
    assert "Rule: k factor trend · 0.190, 95% interval 0.100 to 0.280 · sample 1,000" in text_of(insights)
    assert not [each for each in walk(insights) if getattr(each, "dangerously_allow_html", False)]


def test_referrers_lead_to_their_investigation_over_the_reports_dates() -> None:
    links = [part.href for part in walk(card(draw(build_report()), "report-referrers")) if hasattr(part, "href")]
    assert links[0] == "/dashboard/investigations?start=2026-03-02&end=2026-03-08&kind=referrer&id=maria"


def test_a_restatement_leads_to_the_first_report_and_says_what_changed() -> None:
    body = draw(build_report(4, facts=build_facts(restatement=build_restatement()), restates=3))
    note, *_ = find(body, "report-empty")
    assert text_of(note) == "It restates  report 3 , whose figures have changed."
    assert [part.href for part in walk(note) if hasattr(part, "href")] == ["/dashboard/reports/3"]
    assert rows_of(card(body, "report-restated"))[1] == ["K clean", "0.60", "0.74", "+0.14"]
    assert "was judged legitimate" in text_of(card(body, "report-restated"))


def test_a_restated_report_stays_readable_and_leads_to_the_one_that_replaces_it() -> None:
    body = draw(build_report(status="restated", restated_by=9))
    assert "restated by  report 9" in text_of(find(body, "report-empty"))
    assert len(find(body, "exports")) == 1
    assert text_of(find(body, "k-line")).startswith("0.74")


def test_a_report_without_data_says_so_and_draws_no_chart() -> None:
    body = draw(build_report(facts=build_empty_facts()))
    assert "No data in this period" in text_of(find(body, "report-empty"))
    assert find(body, "history-chart") == []
    assert find(body, "trend") == []


def test_a_report_that_is_being_made_has_no_exports() -> None:
    body = draw(build_run())
    assert find(body, "exports") == []
    assert "40% · writing insights" in text_of(body)
    assert "requested 31 Mar 10:28 UTC" in text_of(body)


@pytest.mark.parametrize("written_by", ["rules", "model"])
def test_page_and_exports_use_the_same_words(written_by: str) -> None:
    report = build_report(written_by=written_by)
    page, said = build_page(report), text_of(draw(report))
    assert page.title in said
    assert page.writer in said
    assert rows_of(card(draw(report), "report-health"))[1:] == [list(row) for row in page.deductions.rows]
