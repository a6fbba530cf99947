"""The settings of the report worker and the scheduler."""

from pydantic import Field, SecretStr

from viral_runtime.settings.base import EnvironmentSettings
from viral_runtime.settings.fields import MetricsApiUrl, ReportWorkerToken


class ReportWorkerSettings(EnvironmentSettings):
    """Connection of report workers to the metrics API."""

    metrics_api_url: MetricsApiUrl = "http://127.0.0.1:8000"
    report_worker_token: ReportWorkerToken


class SchedulerSettings(EnvironmentSettings):
    """Scheduler."""

    scheduler_seconds: float = Field(
        10,
        gt=0,
        description="Seconds between two checks of the schedule. Shorter restores a lost schedule sooner.",
    )


class AiSettings(EnvironmentSettings):
    """Optional language model for the flag ai_insights, by OpenAI's chat completions protocol."""

    ai_insights_url: str | None = Field(
        None,
        pattern="^https?://",
        description="Base URL of the language model, such as https://example.com/v1. Without it, the rules write "
        "all texts.",
    )
    ai_insights_key: SecretStr | None = Field(
        None,
        description="API key for the language model, if it needs one. With a wrong key, the rules write all texts.",
    )
    ai_insights_model: str = Field(
        "default",
        min_length=1,
        description="Name of the model on its server. Models write differently; with an unknown name, the rules "
        "write all texts.",
    )
    ai_insights_timeout_seconds: float = Field(
        30,
        gt=0,
        le=120,
        description="Seconds for the language model's whole answer; after that, the rules' text is used. Longer "
        "makes reports take longer.",
    )
    ai_insights_max_tokens: int = Field(
        2000,
        ge=100,
        le=100_000,
        description="Maximum tokens that the language model may write per report. Lower costs less, but a "
        "truncated answer is discarded.",
    )
