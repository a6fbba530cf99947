"""What the cards of the page are drawn from."""

from dataclasses import dataclass
from datetime import datetime

from dashboard.formats import format_retention
from viral_contract.models.period import Period
from viral_contract.models.traffic import TrafficAnswer


@dataclass(frozen=True)
class TrafficSnapshot:
    """One period's traffic by day, with its loops; `search` is the period in links to other pages."""

    traffic: TrafficAnswer
    search: str

    @property
    def period(self) -> Period:
        """The dates that were looked at."""
        return self.traffic.period

    @property
    def computed_at(self) -> datetime:
        """As of when."""
        return self.traffic.computed_at

    @property
    def about(self) -> str:
        """What is shown here, and what is no longer kept."""
        return "clicks no person made, left out of every figure" + format_retention(self.traffic.retained_from)
