"""The content to render: a report's facts with its insights and recommendations, its title and who wrote it."""

from collections.abc import Sequence
from typing import Protocol

from viral_contract.models.reports import Insight, ReportFacts, ReportType, WrittenBy


class NotWrittenError(ValueError):
    """The report's run has not finished, so there is nothing to render."""


class WrittenReport(Protocol):
    """A report from the API, or one that a worker has just written."""

    @property
    def id(self) -> int:
        """The id of the report's run."""

    @property
    def facts(self) -> ReportFacts | None:
        """The report's snapshot; None while it is not ready."""

    @property
    def insights(self) -> Sequence[Insight]:
        """The insights."""

    @property
    def recommendations(self) -> Sequence[str]:
        """The recommendations."""

    @property
    def written_by(self) -> WrittenBy | None:
        """The author of insights and recommendations."""

    @property
    def restated_by(self) -> int | None:
        """The report that replaces this one."""


TITLES: dict[ReportType, str] = {
    "weekly": "Weekly growth report",
    "monthly": "Monthly growth report",
    "custom": "Custom growth report",
}
WRITERS: dict[WrittenBy, str] = {
    "rules": "Insights and recommendations are rule-based.",
    "model": "Insights and recommendations are rule-based and worded by a language model. "
    "Every number was checked against the data.",
}


def facts_of(report: WrittenReport) -> ReportFacts:
    """The report's facts. Raises NotWrittenError while it is not ready."""
    if report.facts is None:
        raise NotWrittenError(f"Report {report.id} is not ready.")
    return report.facts
