"""Every setting of every service, read from the environment and checked at start.

One model a concern. A field's description is its purpose and the impact of changing it; `.env.example` and
`docs/configuration.md` are generated from here, so code and documentation are one object.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from viral_engine.contract.email_address import EmailAddress
from viral_engine.settings_ranges import format_range
from viral_engine.shared_fields import (
    BindHost,
    DashboardToken,
    EmailWorkerToken,
    MetricsApiUrl,
    OidcIssuer,
    PathPrefix,
    PublicDashboardUrl,
    RedisUrl,
    ReportWorkerToken,
)

Points = Annotated[float, Field(ge=0, le=100)]
Rate = Annotated[float, Field(ge=0, le=1)]
Port = Annotated[int, Field(ge=1, le=65535)]


class EnvironmentSettings(BaseSettings):
    """A group of settings; the variable's name is the field's name in capitals."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True, frozen=True, allow_inf_nan=False)


class DetectionSettings(EnvironmentSettings):
    """Thresholds of detection, score and alerts. Each can be overridden for one request by its name."""

    fraud_ip_click_threshold: int = Field(
        10,
        ge=5,
        description="Clicks of one IP on one UTC day above which it is flagged (recommended 10-20). "
        "Higher flags fewer addresses and misses small click farms.",
    )
    fraud_ip_click_window_days: int = Field(
        1,
        ge=1,
        le=7,
        description="Days that the fraud read covers when a request names no period. "
        "More days list older addresses too.",
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
        description="Seconds within which a burst's clicks lie, first to last. "
        "Longer flags more devices, fast human fingers among them.",
    )
    conversion_anomaly_threshold: Rate = Field(
        0.8,
        description="Conversions per click above which a referrer is flagged (recommended 0.7-0.9). "
        "Lower flags more referrers.",
    )
    conversion_anomaly_daily_threshold: int = Field(
        10,
        ge=1,
        description="Conversions of one referrer on one UTC day above which it is flagged. "
        "Higher flags fewer referrers.",
    )
    conversion_anomaly_min_clicks: int = Field(
        5,
        ge=1,
        description="Clicks a referrer needs before its rate is judged. Lower judges on thinner evidence.",
    )
    health_score_fraud_deduction: Points = Field(
        2, description="Points that each flagged IP costs (recommended 1-3). Higher makes the score stricter."
    )
    health_score_bot_deduction: Points = Field(
        2,
        description="Points that each flagged device costs (recommended 1-3). Higher makes the score stricter.",
    )
    health_score_opt_out_multiplier: float = Field(
        20, ge=0, description="Points at an opt-out rate of 100 %. Higher makes opt-outs weigh more."
    )
    health_score_coppa_multiplier: float = Field(
        0.333,
        ge=0,
        description="Points per percentage point of missing compliance (recommended 0.25-0.5). "
        "Higher makes violations weigh more.",
    )
    health_score_fraud_max: Points = Field(
        30, description="Most points that fraud can cost. Lower keeps one bad day of clicks from ruling the score."
    )
    health_score_bot_max: Points = Field(
        20, description="Most points that bots can cost. Lower keeps many devices from ruling the score."
    )
    health_score_opt_out_max: Points = Field(
        20, description="Most points that opt-outs can cost. Lower than the multiplier caps high rates."
    )
    health_score_coppa_max: Points = Field(
        30, description="Most points that COPPA violations can cost. Lower hides how bad a low compliance is."
    )
    health_status_excellent: Points = Field(
        90, description="Score from which the status is excellent. Higher lets fewer periods be called so."
    )
    health_status_good: Points = Field(
        75, description="Score from which the status is good. Higher calls more periods fair."
    )
    health_status_fair: Points = Field(
        60, description="Score from which the status is fair. Higher calls more periods a warning."
    )
    health_status_warning: Points = Field(
        40, description="Score from which the status is warning. Higher calls more periods critical."
    )
    coppa_compliance_target: Rate = Field(
        0.99,
        description="Share of clean items aimed for (recommended 0.95-0.99). "
        "Lower tolerates more violations before the page says the target is missed.",
    )
    alert_fraud_ips: int = Field(5, ge=0, description="Flagged IPs above which an alert opens. Higher alerts later.")
    alert_bot_devices: int = Field(
        3, ge=0, description="Flagged devices above which an alert opens. Higher alerts later."
    )
    alert_opt_out_rate: Rate = Field(
        0.3, description="Share of unviewed parent shares above which an alert opens. Higher alerts later."
    )
    data_stale_minutes: int = Field(
        60,
        ge=0,
        description="Minutes without any event after which an alert opens; 0 switches it off. "
        "Lower notices a dead feed sooner, and quiet nights too.",
    )

    # Checked with the last of the four, because what checks the whole model is silent while any setting is bad.
    @field_validator("health_status_warning")
    @classmethod
    def check_limits(cls, warning: float, info: ValidationInfo) -> float:
        """Refuse status limits that do not fall from excellent to warning."""
        check_status_limits_fall({**info.data, "health_status_warning": warning})
        return warning


def check_status_limits_fall(settings: Mapping[str, Any]) -> None:
    """Raise ValueError unless the status limits fall from excellent to warning, as far as all four are there."""
    names = [f"health_status_{status}" for status in ("excellent", "good", "fair", "warning")]
    limits: list[float] = [settings[name] for name in names if name in settings]
    if len(limits) == len(names) and limits != sorted(limits, reverse=True):
        raise ValueError(
            "HEALTH_STATUS_EXCELLENT, _GOOD, _FAIR and _WARNING must fall in this order, "
            f"but are {', '.join(f'{limit:g}' for limit in limits)}"
        )


class LogSettings(EnvironmentSettings):
    """How every service logs."""

    log_format: str = Field(
        "console",
        pattern="^(console|json)$",
        description="console for people, json for machines. Production uses json.",
    )
    log_level: str = Field(
        "INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="The least important level that is logged. DEBUG writes far more and costs disk; "
        "ERROR leaves requests out.",
    )


class ApiSettings(EnvironmentSettings):
    """What the metrics API needs to run."""

    database_url: str = Field(
        pattern="^postgresql(\\+psycopg)?://",
        description="PostgreSQL 18 or newer; `make run` starts an embedded one when it is absent. "
        "Another one holds other data.",
    )
    redis_url: RedisUrl
    identifier_key: SecretStr = Field(
        min_length=32,
        description="Secret from which references to masked identifiers are made. "
        "Changing it makes old links to investigations invalid.",
    )
    bind_host: BindHost = "127.0.0.1"
    metrics_api_port: Port = Field(
        8000, description="Port of the metrics API. Changing it changes METRICS_API_URL for all who call."
    )
    metrics_api_threads: int = Field(
        8,
        ge=1,
        le=64,
        description="Requests that one web process serves at once, and the size of its database pool. "
        "More take more connections of PostgreSQL; fewer let requests wait.",
    )
    metrics_api_processes: int = Field(
        1,
        ge=1,
        le=32,
        description="Web processes of the metrics API. More use more cores, memory and database pools.",
    )
    flags_file: Path | None = Field(
        None,
        description="File with the feature flags in flagd's format, watched for changes. "
        "Without it all have their default.",
    )
    session_hours: int = Field(
        12,
        ge=1,
        le=720,
        description="Hours after which a person must sign in again. "
        "Longer leaves a browser that nobody watches open longer.",
    )
    pii_phone_region: str = Field(
        "US",
        pattern="^[A-Z]{2}$",
        description="Region (ISO 3166) by whose rules a phone number without international prefix is judged. "
        "Holds for what is scanned from then on.",
    )
    pii_scan_seconds: float = Field(
        1,
        gt=0,
        le=2,
        description="Seconds of processor time for scanning one share or reel while it is written, and ten times that "
        "afterwards. Less counts more of them as violations until they are scanned; more lets texts slow writes.",
    )


class BootstrapSettings(EnvironmentSettings):
    """The first admin and the tokens that services start with; read once, by `python -m metrics_api bootstrap`."""

    admin_email: EmailAddress = Field(
        description="Address by which the first admin signs in. Another one with ADMIN_PASSWORD makes another admin."
    )
    admin_password: SecretStr | None = Field(
        None,
        min_length=12,
        description="Password of the first admin. Changing it here changes it there and ends their sessions; "
        "without it one is made and printed once.",
    )
    dashboard_token: DashboardToken
    report_worker_token: ReportWorkerToken
    email_worker_token: EmailWorkerToken
    api_token: SecretStr | None = Field(
        None, min_length=32, description="A token with every scope, for a local stack. Leave it out in production."
    )


class DashboardSettings(EnvironmentSettings):
    """What the dashboard needs to run."""

    metrics_api_url: MetricsApiUrl = "http://127.0.0.1:8000"
    dashboard_token: DashboardToken
    bind_host: BindHost = "127.0.0.1"
    dashboard_port: Port = Field(
        8050,
        description="Port of the dashboard. Changing it changes PUBLIC_DASHBOARD_URL, unless a proxy stands before.",
    )
    dashboard_threads: int = Field(
        16,
        ge=1,
        le=128,
        description="Requests that the dashboard serves at once. Fewer let viewers wait; more load the API more.",
    )
    dashboard_cookie_secure: bool = Field(
        False, description="Send cookies over HTTPS only. Switch it on wherever the dashboard is behind TLS."
    )
    public_dashboard_url: PublicDashboardUrl = "http://127.0.0.1:8050"
    dashboard_path_prefix: PathPrefix = ""
    oidc_issuer: OidcIssuer = None
    dashboard_refresh_seconds: int = Field(
        30,
        ge=5,
        le=3600,
        description="Seconds between two refreshes of an open page. Fewer show news sooner and ask the API more.",
    )
    dashboard_cache_seconds: int = Field(
        10,
        ge=1,
        le=300,
        description="Seconds for which all viewers of a period share one answer. "
        "More spare the API and show older figures.",
    )


class StandaloneSettings(EnvironmentSettings):
    """How the local stack of `make run` starts."""

    var_dir: Path = Field(
        Path("var"),
        description="Folder of the local stack's data, secrets and logs. Another folder is another, empty stack.",
    )
    demo: bool = Field(True, description="Whether an empty local stack is filled with demo data. 0 leaves it empty.")
    admin_email: EmailAddress = Field(
        "admin@example.com",
        description="Email address of the first admin, made when there is none. It is what one signs in with.",
    )


Settings = TypeVar("Settings", bound=EnvironmentSettings)


class InvalidSettingsError(Exception):
    """Some settings are missing or out of range; `problems` holds one sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _format_problems(model: type[EnvironmentSettings], error: ValidationError) -> list[str]:
    fields = model.model_json_schema()["properties"]
    problems = []
    for item in error.errors():
        if isinstance(item.get("ctx", {}).get("error"), ValueError):
            problems.append(str(item["ctx"]["error"]))
            continue
        name = str(item["loc"][0])
        allowed = format_range(fields[name])
        shown = "is missing" if item["type"] == "missing" else f"is {_shown(model, name, item['input'])}"
        problems.append(f"{name.upper()} {shown}; allowed: {allowed}")
    return problems


# By name: an address without its scheme, a usual slip, still holds the password.
_HOLDS_PASSWORD = ("database_url", "redis_url")


def _shown(model: type[EnvironmentSettings], name: str, value: object) -> str:
    annotation = model.model_fields[name].annotation
    secret = SecretStr in (annotation, *get_args(annotation)) or "://" in str(value) or name in _HOLDS_PASSWORD
    return "not valid (its value is secret)" if secret else repr(value)


def load_settings(*models: type[EnvironmentSettings]) -> list[Any]:
    """Read the given groups from the environment.

    Raises InvalidSettingsError that lists every bad setting of every group, not just the first.
    """
    loaded, problems = [], []
    for model in models:
        try:
            loaded.append(model())
        except ValidationError as error:
            problems += _format_problems(model, error)
    if problems:
        raise InvalidSettingsError(list(dict.fromkeys(problems)))
    return loaded


def load_settings_or_exit(*models: type[EnvironmentSettings]) -> list[Any]:
    """Read the given groups, or say on standard error what is wrong and end with code 78."""
    try:
        return load_settings(*models)
    except InvalidSettingsError as error:
        lines = "\n".join(f"  - {problem}" for problem in error.problems)
        sys.stderr.write(f"This service cannot start, because of its settings:\n{lines}\n")
        sys.exit(os.EX_CONFIG)
