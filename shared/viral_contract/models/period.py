"""Periods of whole UTC dates."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, computed_field, model_validator

from viral_contract.models.values import IsoDate, PastDate

MAX_DAYS = 366


class Period(BaseModel):
    """UTC dates from `start` to `end`, both included."""

    model_config = ConfigDict(frozen=True)

    start: date
    end: date
    days: int

    @classmethod
    def between(cls, start: date, end: date) -> "Period":
        """The period from `start` to `end`, both included."""
        return cls(start=start, end=end, days=(end - start).days + 1)

    @classmethod
    def last_days(cls, days: int, *, now: datetime) -> "Period":
        """The last `days` UTC dates, including that of `now`."""
        today = now.astimezone(UTC).date()
        return cls.between(today - timedelta(days=days - 1), today)

    @property
    def begins_at(self) -> datetime:
        """The first moment of the period."""
        return datetime.combine(self.start, time.min, tzinfo=UTC)

    @property
    def ends_before(self) -> datetime:
        """The first moment after the period."""
        return datetime.combine(self.end + timedelta(days=1), time.min, tzinfo=UTC)

    def dates(self) -> list[date]:
        """Every date of the period."""
        return [self.start + timedelta(days=offset) for offset in range(self.days)]

    def is_over(self, *, now: datetime) -> bool:
        """Whether all of it has passed."""
        return self.ends_before <= now

    def first_days(self, days: int) -> "Period":
        """Its first `days` dates."""
        return Period.between(self.start, self.start + timedelta(days=days - 1))

    def previous(self) -> "Period":
        """The previous period of equal length."""
        return Period.between(self.start - timedelta(days=self.days), self.start - timedelta(days=1))


class PeriodAnswer(BaseModel):
    """Fields of every answer about a period."""

    period: Period
    computed_at: datetime
    retained_from: date | None = Field(
        None,
        description="Set if the period, or the one it is compared with, begins before the kept dates: earlier dates "
        "have totals only",
    )

    @computed_field(description="False if the last date of the period is in progress: its figures still grow")  # type: ignore[prop-decorator]
    @property
    def is_over(self) -> bool:
        """Whether the whole period had passed when the answer was made."""
        return self.period.is_over(now=self.computed_at)


class PeriodQuery(BaseModel):
    """The period of a read: `days`, or `start` and `end`, never both."""

    model_config = ConfigDict(extra="forbid")

    days: int | None = Field(None, ge=1, le=MAX_DAYS, description="The last N UTC dates, today included")
    start: IsoDate | None = Field(None, description="First UTC date, included")
    end: PastDate | None = Field(None, description="Last UTC date, included; today at the latest")

    @model_validator(mode="after")
    def check_one_way_of_naming_it(self) -> Self:
        """Refuse days together with start and end, only one of the two, and a reversed or overlong period."""
        if self.days is not None and (self.start or self.end):
            raise ValueError("give either days, or start and end, not both")
        if (self.start is None) != (self.end is None):
            raise ValueError("start and end must be given together")
        if self.start and self.end:
            span = (self.end - self.start).days + 1
            if span < 1:
                raise ValueError(f"end {self.end} is before start {self.start}")
            if span > MAX_DAYS:
                raise ValueError(f"the period has {span} days; at most {MAX_DAYS} are allowed")
        return self

    def period(self, *, now: datetime, default_days: int = 7) -> Period:
        """The requested period."""
        if self.start and self.end:
            return Period.between(self.start, self.end)
        return Period.last_days(self.days or default_days, now=now)
