"""A figure of growth by day, with what was expected of each day."""

from datetime import date
from typing import Literal, get_args

from pydantic import BaseModel, Field

from viral_contract.models.period import PeriodAnswer

SeriesMetric = Literal[
    "clicks",
    "signups",
    "conversions",
    "invites",
    "violations",
    "filtered_share",
    "prefetch_share",
    "preview_share",
    "known_bot_share",
    "library_share",
    "human_share",
    "unknown_share",
]
SERIES_METRICS: tuple[SeriesMetric, ...] = get_args(SeriesMetric)


class SeriesPoint(BaseModel):
    """One UTC date; what is expected is null where too few days are comparable."""

    date: date
    value: float = Field(description="Shares are fractions")
    expected: float | None = Field(
        description="Median of the same weekday in the last 8 weeks; of a holiday, of the latest 8 holidays on it"
    )
    low: float | None = Field(description="expected - 4 s, at least 0")
    high: float | None = Field(description="expected + 4 s")
    holiday: str | None
    z: float | None = Field(description="(value - expected) / s; null for a date that is not over")
    is_over: bool = Field(description="False for today, whose value still grows")
    is_change: bool = Field(description="|z| above 4, or above 3 as on the day before, and at least 20 expected")


class LoopDifference(BaseModel):
    """How far one loop was from what was expected of it."""

    source: str
    name: str
    difference: float = Field(description="A day, on average; of shares in clicks")


class SeriesChange(BaseModel):
    """Changes in the same direction on days in a row."""

    start: date
    end: date
    peak: date = Field(description="The day with the largest |z|, which value, expected and z are of")
    value: float
    expected: float
    z: float
    loops: list[LoopDifference] = Field(description="The 3 that differ most in this direction; none of one loop")


class SeriesAnswer(PeriodAnswer):
    """One figure for every date of a period, all loops together or one of them."""

    metric: SeriesMetric
    source: str | None
    points: list[SeriesPoint]
    changes: list[SeriesChange] = Field(description="The earliest first")
