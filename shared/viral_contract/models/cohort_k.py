"""Answer of the cohort K read."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from viral_contract.models.growth import Interval, Verdict


class CohortK(BaseModel):
    """Users who signed up in one ISO week, and whom they brought within the days after the own signup each."""

    week: str
    week_start: date
    users: int
    matured: bool = Field(description="Whether the days of everybody in it are over; until then K can only rise")
    share_inviting: float = Field(description="Share of the users who invited anybody")
    invites_per_inviter: float
    referred_signups: int
    referred_conversions: int
    k_cohort: float = Field(description="Referred signups per user of the cohort, without what is flagged")
    interval: Interval | None = Field(description="Of k_cohort; null without users")
    k_conversions: float = Field(description="Referred conversions per user of the cohort, without what is flagged")


class CohortKWeeks(BaseModel):
    """Some weeks together."""

    week_from: str
    week_to: str
    users: int
    k_cohort: float
    interval: Interval | None
    k_conversions: float = Field(description="Referred conversions per user, without what is flagged")


class CohortKHeadline(CohortKWeeks):
    """The matured weeks of the last 8 together, compared with as many weeks before them."""

    first_day: date
    last_day: date
    previous: CohortKWeeks | None = Field(description="Null if nobody signed up in those weeks")
    verdict: Verdict = Field(description="up or down if the 95% interval of the difference leaves out 0")


class CohortKAnswer(BaseModel):
    """Cohorts, oldest first; `headline` is null until the first one has matured."""

    computed_at: datetime
    end: date = Field(description="The last date that is looked at")
    days: int
    thresholds: dict[str, int | float | str] = Field(description="Those by which signups and conversions are left out")
    cohorts: list[CohortK]
    headline: CohortKHeadline | None
