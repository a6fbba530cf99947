"""Thresholds of detection, score and alerts, and their overrides for one request."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

FraudRule = Literal["network_aware", "plain"]
Points = Annotated[float, Field(ge=0, le=100)]
Rate = Annotated[float, Field(ge=0, le=1)]
OptionalPoints = Annotated[float | None, Field(ge=0, le=100)]
OptionalRate = Annotated[float | None, Field(ge=0, le=1)]
OptionalCount = Annotated[int | None, Field(ge=1, le=100_000)]
OptionalLimit = Annotated[int | None, Field(ge=0, le=100_000)]


class Thresholds(BaseModel):
    """Thresholds of detection, score and alerts, named like their settings in lower case."""

    fraud_ip_click_threshold: int = Field(
        10,
        ge=5,
        description="Clicks of one IP address in one UTC day above which it is flagged (recommended 10-20). "
        "Higher flags fewer IP addresses and misses small click farms.",
    )
    fraud_rule: FraudRule = Field(
        "network_aware",
        description="Whether networks above the threshold that several people share, such as schools and families, "
        "are flagged. With plain, every network above the threshold is, so schools lower the score and open "
        "alerts.",
        json_schema_extra={"pattern": "^(network_aware|plain)$"},
    )
    fraud_ip_click_window_days: int = Field(
        1,
        ge=1,
        le=7,
        description="Days in the fraud answer if a request names no period. More days list older IP addresses too.",
    )
    bot_rapid_click_threshold: int = Field(
        3,
        ge=2,
        le=10,
        description="Clicks in a row that make a burst (recommended 3-5). Higher flags fewer devices.",
    )
    bot_rapid_click_window_seconds: int = Field(
        5,
        ge=3,
        le=10,
        description="Seconds from the first to the last click of a burst. Longer flags more devices, including "
        "fast humans.",
    )
    conversion_anomaly_threshold: Rate = Field(
        0.8,
        description="Conversions per click above which a referrer is flagged (recommended 0.7-0.9). Lower flags "
        "more referrers.",
    )
    conversion_anomaly_daily_threshold: int = Field(
        10,
        ge=1,
        description="Conversions of one referrer in one UTC day above which it is flagged. Higher flags fewer "
        "referrers.",
    )
    conversion_anomaly_min_clicks: int = Field(
        5,
        ge=1,
        description="Clicks a referrer needs before its conversion rate is evaluated. Lower relies on less evidence.",
    )
    health_score_fraud_deduction: Points = Field(
        2, description="Points deducted per flagged IP address (recommended 1-3). Higher makes the score stricter."
    )
    health_score_bot_deduction: Points = Field(
        2,
        description="Points deducted per flagged device (recommended 1-3). Higher makes the score stricter.",
    )
    health_score_fraud_share_points: Points = Field(
        1,
        description="Points deducted by share per percent of clicks from flagged networks. Higher makes the score by "
        "share stricter.",
    )
    health_score_bot_share_points: Points = Field(
        1,
        description="Points deducted by share per percent of clicks from flagged devices. Higher makes the score by "
        "share stricter.",
    )
    health_score_opt_out_multiplier: float = Field(
        20, ge=0, description="Points deducted at an opt-out rate of 100%. Higher gives opt-outs more weight."
    )
    health_score_coppa_multiplier: float = Field(
        0.333,
        ge=0,
        description="Points deducted per percentage point below 100% compliance (recommended 0.25-0.5). Higher "
        "gives violations more weight.",
    )
    health_score_fraud_max: Points = Field(
        30, description="Maximum deduction for fraud. Lower keeps one bad day of clicks from dominating the score."
    )
    health_score_bot_max: Points = Field(
        20, description="Maximum deduction for bots. Lower keeps many devices from dominating the score."
    )
    health_score_opt_out_max: Points = Field(
        20, description="Maximum deduction for opt-outs. Below the multiplier, it caps high rates."
    )
    health_score_coppa_max: Points = Field(
        30, description="Maximum deduction for COPPA violations. Lower hides how bad a low compliance rate is."
    )
    health_status_excellent: Points = Field(
        90, description="Lowest score with the status excellent. Higher makes fewer periods excellent."
    )
    health_status_good: Points = Field(
        75, description="Lowest score with the status good. Higher makes more periods fair."
    )
    health_status_fair: Points = Field(
        60, description="Lowest score with the status fair. Higher makes more periods a warning."
    )
    health_status_warning: Points = Field(
        40, description="Lowest score with the status warning. Higher makes more periods critical."
    )
    coppa_compliance_target: Rate = Field(
        0.99,
        description="Target share of compliant items (recommended 0.95-0.99). Lower tolerates more violations "
        "before the page shows a missed target.",
    )
    alert_fraud_ips: int = Field(
        5, ge=0, description="Flagged IP addresses above which an alert opens. Higher alerts later."
    )
    alert_bot_devices: int = Field(
        3, ge=0, description="Flagged devices above which an alert opens. Higher alerts later."
    )
    alert_opt_out_rate: Rate = Field(
        0.3, description="Share of unviewed parent shares above which an alert opens. Higher alerts later."
    )
    alert_event_pii: int = Field(
        0,
        ge=0,
        description="Events with personal information, each counted once per field and type, above which an alert "
        "opens. Higher alerts later.",
    )
    data_stale_minutes: int = Field(
        60,
        ge=0,
        description="Minutes without events after which an alert opens; 0 turns it off. Lower detects a dead feed "
        "sooner, but also alerts in quiet nights.",
    )

    # Checked with the last of the four, because a model validator does not run while any setting is invalid.
    @field_validator("health_status_warning")
    @classmethod
    def check_limits(cls, warning: float, info: ValidationInfo) -> float:
        """Refuse status limits that do not decrease from excellent to warning."""
        check_status_limits_fall({**info.data, "health_status_warning": warning})
        return warning


def check_status_limits_fall(settings: Mapping[str, Any]) -> None:
    """Raise ValueError if all four status limits are set and do not decrease from excellent to warning."""
    names = [f"health_status_{status}" for status in ("excellent", "good", "fair", "warning")]
    limits: list[float] = [settings[name] for name in names if name in settings]
    if len(limits) == len(names) and limits != sorted(limits, reverse=True):
        raise ValueError(
            "HEALTH_STATUS_EXCELLENT, _GOOD, _FAIR and _WARNING must fall in this order, "
            f"but are {', '.join(f'{limit:g}' for limit in limits)}"
        )


AnyThresholds = TypeVar("AnyThresholds", bound=Thresholds)


class Overrides(BaseModel):
    """Every threshold by its setting's name in lower case; absent ones keep the configured value.

    FRAUD_IP_CLICK_WINDOW_DAYS is not a threshold but the default period of the fraud read, and cannot be overridden.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    short_names: ClassVar[dict[str, str]] = {}

    fraud_ip_click_threshold: OptionalCount = None
    fraud_rule: FraudRule | None = None
    bot_rapid_click_threshold: Annotated[int | None, Field(ge=2, le=10)] = None
    bot_rapid_click_window_seconds: Annotated[int | None, Field(ge=1, le=60)] = None
    conversion_anomaly_threshold: OptionalRate = None
    conversion_anomaly_daily_threshold: OptionalCount = None
    conversion_anomaly_min_clicks: OptionalCount = None
    health_score_fraud_deduction: OptionalPoints = None
    health_score_bot_deduction: OptionalPoints = None
    health_score_fraud_share_points: OptionalPoints = None
    health_score_bot_share_points: OptionalPoints = None
    health_score_opt_out_multiplier: OptionalPoints = None
    health_score_coppa_multiplier: OptionalPoints = None
    health_score_fraud_max: OptionalPoints = None
    health_score_bot_max: OptionalPoints = None
    health_score_opt_out_max: OptionalPoints = None
    health_score_coppa_max: OptionalPoints = None
    health_status_excellent: OptionalPoints = None
    health_status_good: OptionalPoints = None
    health_status_fair: OptionalPoints = None
    health_status_warning: OptionalPoints = None
    coppa_compliance_target: OptionalRate = None
    alert_fraud_ips: OptionalLimit = None
    alert_bot_devices: OptionalLimit = None
    alert_opt_out_rate: OptionalRate = None
    alert_event_pii: OptionalLimit = None
    data_stale_minutes: OptionalLimit = None

    @model_validator(mode="after")
    def check_one_name_each(self) -> Self:
        """Refuse a threshold given by both its short and long name."""
        for short, long in self.short_names.items():
            if getattr(self, short) is not None and getattr(self, long) is not None:
                raise ValueError(f"give either {short} or {long}, not both")
        return self

    def apply_to(self, thresholds: AnyThresholds) -> AnyThresholds:
        """The thresholds with the overrides applied.

        Raises ValueError if the resulting status limits do not decrease.
        """
        names = {name: name for name in Overrides.model_fields} | self.short_names
        given = {long: getattr(self, name) for name, long in names.items() if getattr(self, name) is not None}
        overridden = thresholds.model_copy(update=given)
        check_status_limits_fall(overridden.model_dump())
        return overridden


class FraudOverrides(Overrides):
    """Overrides of the fraud read."""

    short_names: ClassVar[dict[str, str]] = {"threshold": "fraud_ip_click_threshold"}

    threshold: OptionalCount = Field(None, description="Short for fraud_ip_click_threshold")


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

    threshold: OptionalCount = Field(None, description="Short for conversion_anomaly_daily_threshold")
    rate: OptionalRate = Field(None, description="Short for conversion_anomaly_threshold")
    min_clicks: OptionalCount = Field(None, description="Short for conversion_anomaly_min_clicks")


class CoppaOverrides(Overrides):
    """Overrides of the COPPA read."""

    short_names: ClassVar[dict[str, str]] = {"target": "coppa_compliance_target"}

    target: OptionalRate = Field(None, description="Short for coppa_compliance_target")
