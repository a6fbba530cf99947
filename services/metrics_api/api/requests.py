"""Models of query strings."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from viral_engine.contract.alerts import StatusFilter
from viral_engine.contract.period import PeriodQuery
from viral_engine.contract.thresholds import BotOverrides, FraudOverrides, Overrides


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


class HealthQuery(PeriodQuery, Overrides):
    """Query of the health score."""


class AlertsQuery(ListQuery):
    """Query of the list of alerts."""

    status: StatusFilter = Field("open", description="open includes acknowledged")
