"""Writes a report from its facts: insights, recommendations, the web page."""

from dataclasses import dataclass
from typing import Protocol

from report_worker.insights import write_insights
from report_worker.recommendations import write_recommendations
from viral_contract.models.reports import FinishedReport, Insight, ReportFacts, WrittenBy
from viral_reports.html_page import render_html


@dataclass(frozen=True)
class ReportText:
    """The text of a report, and its author."""

    insights: list[Insight]
    recommendations: list[str]
    written_by: WrittenBy


class Writer(Protocol):
    """Writes text about facts; None when it has none that can be used."""

    def __call__(self, facts: ReportFacts) -> ReportText | None:
        """Write about the facts."""


@dataclass(frozen=True)
class WrittenReport:
    """A report that is ready to be rendered."""

    id: int
    facts: ReportFacts
    insights: list[Insight]
    recommendations: list[str]
    written_by: WrittenBy
    restated_by: None = None


def write_report_text(facts: ReportFacts, model: Writer | None) -> ReportText:
    """The model's text if there is a model and its text can be used, else the rules' text."""
    return (model and model(facts)) or ReportText(write_insights(facts), write_recommendations(facts), "rules")


def render_report(run_id: int, facts: ReportFacts, text: ReportText) -> FinishedReport:
    """The finished report, as a worker submits it."""
    report = WrittenReport(run_id, facts, text.insights, text.recommendations, text.written_by)
    return FinishedReport(
        insights=text.insights,
        recommendations=text.recommendations,
        written_by=text.written_by,
        html=render_html(report),
    )
