"""What is rendered: the facts of a report with what was written about them."""

from collections.abc import Sequence
from typing import Protocol

from viral_contract.models.reports import Insight, ReportFacts, WrittenBy


class NotWrittenError(ValueError):
    """The report's run has not come to an end yet, so there is nothing to render."""


class WrittenReport(Protocol):
    """A report of the API, or one that a worker has just written."""

    @property
    def id(self) -> int:
        """The number of the report's run."""

    @property
    def facts(self) -> ReportFacts | None:
        """The snapshot that the report rests on; None while it is not ready."""

    @property
    def insights(self) -> Sequence[Insight]:
        """The findings."""

    @property
    def recommendations(self) -> Sequence[str]:
        """What to do about them."""

    @property
    def written_by(self) -> WrittenBy | None:
        """Who wrote insights and recommendations."""


def facts_of(report: WrittenReport) -> ReportFacts:
    """The report's facts. Raises NotWrittenError while it is not ready."""
    if report.facts is None:
        raise NotWrittenError(f"Report {report.id} is not ready.")
    return report.facts
