"""What every detector needs to know about the request."""

from dataclasses import dataclass
from datetime import datetime

from metrics_api.access.identifiers import Identifiers, References
from metrics_api.db.paging import Page
from metrics_api.settings.detection import DetectionSettings
from viral_contract.models.period import Period

COMPONENT_ROWS = Page(limit=10)
"""How much of a list is shown where it is a part of another answer."""


@dataclass(frozen=True)
class Filter:
    """The part of the activity that a read is about: one loop, one campaign, or all."""

    source: str | None = None
    campaign: str | None = None

    @property
    def values(self) -> dict[str, str]:
        """The values that its conditions want."""
        given = {"source": self.source, "campaign": self.campaign}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def conditions(self) -> list[str]:
        """What the rows have in common that it leaves, in SQL."""
        return [f"{name} = :{name}" for name in self.values]

    def __bool__(self) -> bool:
        return bool(self.values)


EVERYTHING = Filter()


@dataclass(frozen=True)
class Query:
    """One read of the guardrails: which dates, which thresholds, when, for which viewer and which page.

    `settings` are those to read with, `configured` those in use, which cases are opened by. The `filter` is of growth
    reads; what is flagged is found in all activity, whatever the filter.
    """

    period: Period
    settings: DetectionSettings
    now: datetime
    identifiers: Identifiers
    page: Page
    configured: DetectionSettings
    filter: Filter = EVERYTHING

    def used(self, *names: str) -> dict[str, int | float | str]:
        """The named thresholds as they were used."""
        return {name: getattr(self.settings, name) for name in names}

    def is_as_configured(self, *names: str) -> bool:
        """Whether the named thresholds are those in use."""
        return self.used(*names) == {name: getattr(self.configured, name) for name in names}


def build_masked_query(
    period: Period, configured: DetectionSettings, references: References, *, now: datetime, page: Page = COMPONENT_ROWS
) -> Query:
    """A read with the thresholds in use, whose answer never shows a whole identifier: there is nothing to audit."""
    return Query(period, configured, now, Identifiers(references, whole=False), page, configured)
