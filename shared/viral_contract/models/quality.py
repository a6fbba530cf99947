"""How good the rules are: how often people agreed with them, and what they would have found."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from viral_contract.models.growth import Interval

PlantKind = Literal["farm", "flood", "ring"]


class RuleQuality(BaseModel):
    """How often people called a rule's cases fraud; `unsure` is not counted."""

    rule: str
    decided: int = Field(description="Cases judged fraud or legitimate")
    fraud: int
    precision: float | None = Field(description="Share of the decided cases judged fraud; null without any")
    interval: Interval | None = Field(description="Where the true share lies with 95% confidence (Wilson)")


class Power(BaseModel):
    """How many planted frauds of one size the rules found in a copy of the facts."""

    plant: PlantKind
    size: int = Field(description="Devices of a farm, pairs of a flood, users of a ring")
    planted: int
    found: int
    found_share: float


class QualityAnswer(BaseModel):
    """Precision of each rule from verdicts, and the newest result of the nightly power meter."""

    rules: list[RuleQuality]
    power: list[Power] = Field(description="By plant and size; empty before the first night")
    power_date: date | None = Field(description="The UTC date whose facts it was measured with")
    computed_at: datetime
