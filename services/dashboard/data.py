"""What pages show, fetched from the metrics API and drawn once for all who may see the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.formats import format_age, format_retention
from viral_contract.models.alerts import Alert, AlertsAnswer
from viral_contract.models.cases import CasesAnswer
from viral_contract.models.cohort_k import CohortKAnswer
from viral_contract.models.evaluations import HistoryAnswer
from viral_contract.models.flagged import FlaggedAnswer, FlaggedDaysAnswer
from viral_contract.models.growth import (
    CohortsAnswer,
    CycleTimeAnswer,
    FunnelAnswer,
    KFactorAnswer,
    LoopsAnswer,
    ReferrersAnswer,
)
from viral_contract.models.guardrails import ComparedHealthAnswer, EventPiiAnswer, HealthAnswer
from viral_contract.models.period import Period
from viral_contract.models.series import SeriesAnswer
from viral_contract.models.setup import SetupAnswer
from viral_contract.models.spread import SpreadAnswer
from viral_contract.models.traffic import TrafficAnswer
from viral_reports.dates import format_period


@dataclass(frozen=True)
class FirstRun:
    """What of the first run is done, whether this viewer does it, and at which address apps reach the metrics API."""

    setup: SetupAnswer
    may_set_up: bool
    api_address: str


@dataclass(frozen=True)
class Snapshot:
    """What the cards of the guardrails page are drawn from; `search` is the period in links to other pages.

    `may_decide` is about cases, `may_act` about alerts. Without `fraud_referrers` rows about fraud are about networks.
    `cases` and `filtered_traffic` are those of the loop that the page is filtered by.
    `alerts_shown` are those of the history, which has at least `history_days`.
    """

    health: ComparedHealthAnswer
    alerts: AlertsAnswer
    history: HistoryAnswer
    traffic: TrafficAnswer
    event_pii: EventPiiAnswer
    flagged_days: FlaggedDaysAnswer
    cases: CasesAnswer | None
    may_decide: bool
    may_act: bool
    search: str
    cohort_k: CohortKAnswer | None = None
    fraud_referrers: FlaggedAnswer | None = None
    first_run: FirstRun | None = None
    filtered_traffic: TrafficAnswer | None = None
    alerts_shown: Sequence[Alert] = ()
    history_days: str = "30"

    @property
    def traffic_of_loop(self) -> TrafficAnswer:
        """The traffic that the page's filter leaves."""
        return self.filtered_traffic or self.traffic

    @property
    def period(self) -> Period:
        """The dates that were looked at."""
        return self.health.period

    @property
    def computed_at(self) -> datetime:
        """As of when."""
        return self.health.computed_at

    @property
    def about(self) -> str:
        """What the period is compared with, how old the newest event is, and what is no longer kept."""
        if self.health.last_event_at is None:
            return "no events yet"
        before = self.health.previous
        compared = f"vs. {format_period(before.period)} · " if before else ""
        newest = f"last event {format_age(self.health.last_event_at, now=self.computed_at)}"
        return compared + newest + format_retention(self.health.retained_from)

    @property
    def before(self) -> HealthAnswer | None:
        """The guardrails of the period that this one is compared with, where both are known."""
        before = self.health.previous
        return before if before and before.is_known and self.health.is_known else None


@dataclass(frozen=True)
class GrowthSnapshot:
    """What the cards of the growth page are drawn from; `search` is the period in links to other pages."""

    k_factor: KFactorAnswer
    cohort_k: CohortKAnswer
    spread: SpreadAnswer
    series: SeriesAnswer
    funnel: FunnelAnswer
    loops: LoopsAnswer
    cohorts: CohortsAnswer
    cycle_time: CycleTimeAnswer
    referrers: ReferrersAnswer
    search: str
    compares: bool = True

    @property
    def period(self) -> Period:
        """The dates that were looked at."""
        return self.k_factor.period

    @property
    def computed_at(self) -> datetime:
        """As of when."""
        return self.k_factor.computed_at

    @property
    def about(self) -> str:
        """What the period is compared with, and what is no longer kept."""
        if not self.compares:
            return "no comparison" + format_retention(self.k_factor.retained_from)
        compared = f"compared with {format_period(self.k_factor.previous.period)}"
        if not self.k_factor.is_over:
            compared = "in progress"
        return compared + format_retention(self.k_factor.retained_from)
