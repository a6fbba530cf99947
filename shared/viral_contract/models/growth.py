"""Answers of the growth reads. Rates are fractions; `_pct` is a percentage."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from viral_contract.models.period import Period, PeriodAnswer

Trend = Literal["up", "down", "stable"]
Verdict = Literal["up", "down", "no_clear_change", "too_few_to_say"]


class Interval(BaseModel):
    """Range of the true value with 95% confidence."""

    low: float
    high: float


class GrowthCounts(BaseModel):
    """Counts of a period, and the resulting K-factor.

    If `is_partial`, dates of the period are purged: the totals cover all its dates; active users, K, its factors and
    its interval cover the kept dates, of which there may be none.
    """

    k_factor: float
    active_users: int
    total_invites: int
    total_clicks: int
    total_conversions: int
    avg_invites_per_user: float
    conversions_per_invite: float
    conversion_rate: float
    viral_links_created: int
    viral_links_clicked: int
    k_factor_interval: Interval | None
    conversion_rate_interval: Interval | None
    is_partial: bool = False


Comparison = Literal["previous", "year", "term"]
"""What a period is compared with: the one before, the same dates a year earlier, or the same days of the last term."""


class PreviousCounts(GrowthCounts):
    """The same for the period of equal length that it is compared with."""

    period: Period
    k_factor_clean: float


class LoopEffect(BaseModel):
    """How much one loop moved K."""

    source: str
    name: str
    effect: float


class KChange(BaseModel):
    """Why K changed: the effects of each view add up to `total`."""

    total: float
    verdict: Verdict
    sample: int
    invites_per_user_effect: float
    conversions_per_invite_effect: float
    loop_effects: list[LoopEffect]


class FactorEffects(BaseModel):
    """How much each factor moved honest K."""

    invites_per_user: float
    conversions_per_invite: float


class Culprit(BaseModel):
    """A referrer credited with flagged conversions."""

    referrer_id: str
    conversions: int = Field(description="The flagged ones of the compared dates")


class HonestChange(BaseModel):
    """What of the change of K is honest, and what is flagged: `raw` is the sum of the two.

    Each of `by_factor` and `by_loop` adds up to `honest`.
    """

    raw: float
    honest: float = Field(description="Change of K without flagged conversions")
    flagged: float
    verdict: Verdict = Field(description="Whether the honest change is more than chance")
    by_factor: FactorEffects
    by_loop: list[LoopEffect]
    k_factor_clean: float = Field(0, description="Of the compared dates")
    previous_k_factor_clean: float = 0
    flagged_conversions: int = Field(0, description="Of the compared dates")
    culprits: list[Culprit] = Field(default_factory=list, description="The first of those behind them")
    total_culprits: int = 0
    open_cases: int = Field(0, description="Open cases that flag conversions of the compared dates")


class ComparedK(BaseModel):
    """The periods that the trend and `why` compare, with their K-factors."""

    period: Period
    previous_period: Period
    k_factor: float
    previous_k_factor: float


UsedThresholds = Annotated[
    dict[str, int | float | str],
    Field(default_factory=dict, description="The thresholds by which conversions are left out of clean figures"),
]


class KFactorAnswer(GrowthCounts, PeriodAnswer):
    """The K-factor of a period and the one it is compared with, by default the previous one.

    A period in progress is compared without its last date, with as many dates of the previous period. If that leaves
    nothing, or one of the two is partial, they are not compared: `compared` is null, the trend is stable,
    `change_pct` null and `why` empty.
    """

    previous: PreviousCounts
    trend: Trend
    change_pct: float | None
    compared: ComparedK | None
    k_factor_clean: float
    removed_conversions: int
    thresholds: UsedThresholds
    why: KChange
    change: HonestChange | None


UNDER_REVIEW_FROM = 0.05
"""The share of a loop's conversions from which on what is flagged of them puts it under review."""


class LoopPerformance(BaseModel):
    """One loop; its K uses its own active users."""

    source: str
    name: str
    invites: int
    clicks: int
    conversions: int
    flagged_conversions: int = 0
    active_users: int
    k_factor: float
    k_factor_clean: float | None = Field(None, description="Without flagged conversions; null in older reports")
    conversion_rate: float
    conversion_rate_interval: Interval | None

    @property
    def clean_conversions(self) -> int:
        """The conversions that count."""
        return self.conversions - self.flagged_conversions

    @property
    def is_under_review(self) -> bool:
        """Whether so much of it is flagged that it must not be recommended."""
        return 0 < self.flagged_conversions >= UNDER_REVIEW_FROM * self.conversions


class LoopsAnswer(PeriodAnswer):
    """Loops with activity, highest K first."""

    loops: list[LoopPerformance]
    total_loops: int
    next_cursor: str | None


class LoopChoice(BaseModel):
    """A loop with its name for people."""

    source: str
    name: str


class FiltersAnswer(PeriodAnswer):
    """What reads can be filtered by: the loops of the period with the most activity, and campaigns from a to z."""

    loops: list[LoopChoice]
    campaigns: list[str]


class TimelinePoint(BaseModel):
    """One UTC date."""

    date: date
    invites: int
    clicks: int
    signups: int
    conversions: int
    active_users: int
    k_factor: float
    k_factor_clean: float


class TimelineAnswer(PeriodAnswer):
    """Every date of the period, including empty ones."""

    thresholds: UsedThresholds
    points: list[TimelinePoint]


class ReferrerCase(BaseModel):
    """The case about a referrer that is open, or that was judged fraud."""

    id: int
    strength: Literal["flags", "looks"]
    verdict: Literal["fraud", "unsure"] | None
    rules: list[str] = Field(default_factory=list, description="Those that flag first")

    @property
    def is_accused(self) -> bool:
        """Whether its referrer is ranked with nobody: a rule flags it, or a person judged it fraud."""
        return self.strength == "flags" or self.verdict == "fraud"


PerformanceSort = Literal["conversions", "clean_conversions", "referrer", "invites", "clicks", "conversion_rate"]


class ReferrerPerformance(BaseModel):
    """One referrer; `k_contribution` is its conversions over all active users."""

    referrer_id: str
    invites: int
    clicks: int
    conversions: int
    flagged_conversions: int = 0
    k_contribution: float
    k_contribution_clean: float = Field(0, description="The same without flagged conversions")
    conversion_rate: float
    conversion_rate_interval: Interval | None
    case: ReferrerCase | None = None

    @property
    def is_accused(self) -> bool:
        """Whether it is under a case that keeps it out of rankings."""
        return self.case is not None and self.case.is_accused

    @property
    def clean_conversions(self) -> int:
        """The conversions that count."""
        return self.conversions - self.flagged_conversions


class ReferrersAnswer(PeriodAnswer):
    """Referrers, most conversions first unless another order is asked for."""

    referrers: list[ReferrerPerformance]
    not_ranked: list[ReferrerPerformance] = Field(
        default_factory=list, description="Where `ranked` is asked for: the first of those under a case"
    )
    total_referrers: int = Field(description="Those that match `q`")
    next_cursor: str | None


class FunnelStep(BaseModel):
    """People who reached a step, as shares of the previous step and of the total."""

    name: Literal["clicked", "visited", "signed_up", "converted", "activated"]
    count: int
    step_rate: float
    overall_rate: float
    step_rate_interval: Interval | None


class FunnelAnswer(PeriodAnswer):
    """People who first clicked in the period."""

    source: str | None
    invites: int
    steps: list[FunnelStep]


class Cohort(BaseModel):
    """Users who signed up in one ISO week; `retention[n]` is the share active in week n after it, once it is over."""

    week: str
    week_start: date
    users: int
    retention: list[float | None]


class CohortsAnswer(BaseModel):
    """Weekly cohorts, oldest first."""

    computed_at: datetime
    weeks: int
    cohorts: list[Cohort]


class CycleTimeAnswer(PeriodAnswer):
    """Hours from a user's signup to the signup of each user they referred."""

    median_hours: float | None
    p75_hours: float | None
    pairs: int
    open: int
