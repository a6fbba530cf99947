"""Models of query strings."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from viral_engine.contract.alerts import StatusFilter
from viral_engine.contract.period import PeriodQuery
from viral_engine.contract.thresholds import AnomalyOverrides, BotOverrides, CoppaOverrides, FraudOverrides, Overrides
from viral_engine.contract.violations import ViolationFilter


class ListQuery(BaseModel):
    """Which page of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=1000)] = 50
    cursor: str | None = Field(None, description="next_cursor of the page before")


class PartialQuery(BaseModel):
    """How a batch with invalid items is treated."""

    model_config = ConfigDict(extra="forbid")

    partial: bool = Field(False, description="Store the valid items and list the rejected ones")


class FraudQuery(PeriodQuery, FraudOverrides, ListQuery):
    """Query of the fraud read."""


class BotQuery(PeriodQuery, BotOverrides, ListQuery):
    """Query of the bot read."""


class AnomalyQuery(PeriodQuery, AnomalyOverrides, ListQuery):
    """Query of the conversion anomalies."""


class OptOutQuery(PeriodQuery, Overrides):
    """Query of the opt-out rates."""


class CoppaQuery(PeriodQuery, CoppaOverrides):
    """Query of the COPPA compliance."""


class ViolationsQuery(PeriodQuery, ViolationFilter, Overrides, ListQuery):
    """Query of the list of violations."""


class HealthQuery(PeriodQuery, Overrides):
    """Query of the health score."""


class AlertsQuery(ListQuery):
    """Query of the list of alerts."""

    status: StatusFilter = Field("open", description="open includes acknowledged")
