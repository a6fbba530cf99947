"""Models of query strings."""

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from viral_contract.models.alerts import AlertType, StatusFilter
from viral_contract.models.period import PeriodQuery
from viral_contract.models.thresholds import (
    AnomalyOverrides,
    BotOverrides,
    CoppaOverrides,
    FraudOverrides,
    Overrides,
)
from viral_contract.models.values import CONTROL_FREE, check_text
from viral_contract.models.violations import ViolationFilter


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

    fraud_ip_click_window_days: int | None = Field(None, ge=1, le=7, description="Like days, 1 to 7; not beside it")

    @model_validator(mode="after")
    def check_the_period_is_named_once(self) -> Self:
        """Refuse the days by their setting's name beside another way of naming the period."""
        if self.fraud_ip_click_window_days is not None and (self.days is not None or self.start):
            raise ValueError("give either fraud_ip_click_window_days, or days, or start and end")
        return self


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


class AlertsQuery(PeriodQuery, ListQuery):
    """Query of the list of alerts; without a period, of any time."""

    status: StatusFilter = Field("open", description="open includes acknowledged, ended is resolved or false positive")
    type: AlertType | None = None
    q: Annotated[str, Field(max_length=128), AfterValidator(check_text), CONTROL_FREE] | None = Field(
        None, description="A part of the message, the note or a name"
    )
