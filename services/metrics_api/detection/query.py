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
class Query:
    """One read of the guardrails: which dates, which thresholds, when, for which viewer and which page.

    `settings` are those to read with, `configured` those in use, which cases are opened by.
    """

    period: Period
    settings: DetectionSettings
    now: datetime
    identifiers: Identifiers
    page: Page
    configured: DetectionSettings

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
