"""Overrides of thresholds for one request."""

from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from viral_engine.settings import DetectionSettings, check_status_limits_fall

Count = Annotated[int | None, Field(ge=1, le=100_000)]
Limit = Annotated[int | None, Field(ge=0, le=100_000)]
Rate = Annotated[float | None, Field(ge=0, le=1)]
Points = Annotated[float | None, Field(ge=0, le=100)]


class Overrides(BaseModel):
    """Every threshold setting under its name in lower case; what is absent keeps the configured value.

    FRAUD_IP_CLICK_WINDOW_DAYS is no threshold but a default period: only the fraud read, which has it, takes it.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    short_names: ClassVar[dict[str, str]] = {}

    fraud_ip_click_threshold: Count = None
    bot_rapid_click_threshold: Annotated[int | None, Field(ge=2, le=10)] = None
    bot_rapid_click_window_seconds: Annotated[int | None, Field(ge=1, le=60)] = None
    conversion_anomaly_threshold: Rate = None
    conversion_anomaly_daily_threshold: Count = None
    conversion_anomaly_min_clicks: Count = None
    health_score_fraud_deduction: Points = None
    health_score_bot_deduction: Points = None
    health_score_opt_out_multiplier: Points = None
    health_score_coppa_multiplier: Points = None
    health_score_fraud_max: Points = None
    health_score_bot_max: Points = None
    health_score_opt_out_max: Points = None
    health_score_coppa_max: Points = None
    health_status_excellent: Points = None
    health_status_good: Points = None
    health_status_fair: Points = None
    health_status_warning: Points = None
    coppa_compliance_target: Rate = None
    alert_fraud_ips: Limit = None
    alert_bot_devices: Limit = None
    alert_opt_out_rate: Rate = None
    data_stale_minutes: Limit = None

    @model_validator(mode="after")
    def check_one_name_each(self) -> Self:
        """Refuse a threshold that is given by its short and by its long name."""
        for short, long in self.short_names.items():
            if getattr(self, short) is not None and getattr(self, long) is not None:
                raise ValueError(f"give either {short} or {long}, not both")
        return self

    def apply_to(self, settings: DetectionSettings) -> DetectionSettings:
        """The settings with the overrides in their place.

        Raises ValueError when the overridden status limits no longer fall.
        """
        names = {name: name for name in Overrides.model_fields} | self.short_names
        given = {long: getattr(self, name) for name, long in names.items() if getattr(self, name) is not None}
        overridden = settings.model_copy(update=given)
        check_status_limits_fall(overridden.model_dump())
        return overridden


class FraudOverrides(Overrides):
    """Overrides of the fraud read."""

    short_names: ClassVar[dict[str, str]] = {"threshold": "fraud_ip_click_threshold"}

    threshold: Count = Field(None, description="Short for fraud_ip_click_threshold")


class BotOverrides(Overrides):
    """Overrides of the bot read."""

    short_names: ClassVar[dict[str, str]] = {
        "min_clicks": "bot_rapid_click_threshold",
        "window_seconds": "bot_rapid_click_window_seconds",
    }

    min_clicks: Annotated[int | None, Field(ge=2, le=10)] = None
    window_seconds: Annotated[int | None, Field(ge=1, le=60)] = None


class AnomalyOverrides(Overrides):
    """Overrides of the read of conversion anomalies."""

    short_names: ClassVar[dict[str, str]] = {
        "threshold": "conversion_anomaly_daily_threshold",
        "rate": "conversion_anomaly_threshold",
        "min_clicks": "conversion_anomaly_min_clicks",
    }

    threshold: Count = Field(None, description="Short for conversion_anomaly_daily_threshold")
    rate: Rate = Field(None, description="Short for conversion_anomaly_threshold")
    min_clicks: Count = Field(None, description="Short for conversion_anomaly_min_clicks")


class CoppaOverrides(Overrides):
    """Overrides of the COPPA read."""

    short_names: ClassVar[dict[str, str]] = {"target": "coppa_compliance_target"}

    target: Rate = Field(None, description="Short for coppa_compliance_target")
