"""Writes a report from its facts: insights, recommendations, the web page."""

from dataclasses import dataclass
from typing import Protocol

from report_worker.insights import write_insights
from report_worker.recommendations import write_recommendations
from viral_contract.models.reports import FinishedReport, Insight, ReportFacts, WrittenBy
from viral_reports.html_page import render_html


@dataclass(frozen=True)
class Words:
    """What is said about the facts, and who said it."""

    insights: list[Insight]
    recommendations: list[str]
    written_by: WrittenBy


class Writer(Protocol):
    """Words for facts; None when it has none that can be used."""

    def __call__(self, facts: ReportFacts) -> Words | None:
        """Write about the facts."""


@dataclass(frozen=True)
class WrittenReport:
    """A report that is ready to be rendered."""

    id: int
    facts: ReportFacts
    insights: list[Insight]
    recommendations: list[str]
    written_by: WrittenBy


def write_words(facts: ReportFacts, model: Writer | None) -> Words:
    """The model's words if there is one and its words can be used, else those of the rules."""
    return (model and model(facts)) or Words(write_insights(facts), write_recommendations(facts), "rules")


def render_report(run_id: int, facts: ReportFacts, words: Words) -> FinishedReport:
    """What a worker hands in."""
    report = WrittenReport(run_id, facts, words.insights, words.recommendations, words.written_by)
    return FinishedReport(
        insights=words.insights,
        recommendations=words.recommendations,
        written_by=words.written_by,
        html=render_html(report),
    )
