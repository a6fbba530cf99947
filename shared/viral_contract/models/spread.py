"""Answer of the spread read."""

from pydantic import BaseModel, Field

from viral_contract.models.growth import Interval
from viral_contract.models.period import PeriodAnswer


class KWithoutTop(BaseModel):
    """Conversions per referrer without the strongest ones."""

    share: float = Field(description="Share of the referrers who are left out, rounded up to a whole referrer")
    k: float
    referrers: int = Field(0, description="How many that are")


class CurvePoint(BaseModel):
    """Which share of the conversions the strongest referrers brought together."""

    referrers: float = Field(description="Share of the referrers, the strongest first")
    conversions: float


class SpreadAnswer(PeriodAnswer):
    """How conversions are spread over those who invited in the period, without what is flagged."""

    thresholds: dict[str, int | float | str] = Field(description="Those by which conversions are left out")
    referrers: int
    mean: float = Field(description="Conversions per referrer, those without any included")
    dispersion_k: float | None = Field(
        description="Below 1 a few do most of it; null for fewer than 30 referrers, or if only chance tells them apart"
    )
    interval: Interval | None = Field(description="Of dispersion_k")
    without_strongest: float = Field(description="Conversions per referrer if the strongest one leaves")
    without_top: list[KWithoutTop]
    half_from: int = Field(0, description="How many of the strongest brought half of the conversions")
    curve: list[CurvePoint] = Field(
        default_factory=list, description="From nobody to all referrers, at most 101 points; empty without conversions"
    )
