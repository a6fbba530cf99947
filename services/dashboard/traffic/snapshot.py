"""What the cards of the page are drawn from."""

from dataclasses import dataclass
from datetime import datetime

from dashboard.formats import format_retention
from viral_contract.models.period import Period
from viral_contract.models.traffic import TrafficAnswer


@dataclass(frozen=True)
class TrafficSnapshot:
    """One period's traffic by day, and the same by loop."""

    by_day: TrafficAnswer
    by_loop: TrafficAnswer

    @property
    def period(self) -> Period:
        """The dates that were looked at."""
        return self.by_day.period

    @property
    def computed_at(self) -> datetime:
        """As of when."""
        return self.by_day.computed_at

    @property
    def about(self) -> str:
        """What is shown here, and what is no longer kept."""
        return "clicks no person made, left out of every figure" + format_retention(self.by_day.retained_from)
