"""The settings of the report worker and of the scheduler."""

from pydantic import Field, SecretStr

from viral_runtime.settings.base import EnvironmentSettings
from viral_runtime.settings.fields import MetricsApiUrl, ReportWorkerToken


class ReportWorkerSettings(EnvironmentSettings):
    """Where report workers reach the metrics API, and as whom."""

    metrics_api_url: MetricsApiUrl = "http://127.0.0.1:8000"
    report_worker_token: ReportWorkerToken


class SchedulerSettings(EnvironmentSettings):
    """How the ticker of scheduled reports works."""

    scheduler_seconds: float = Field(
        10,
        gt=0,
        description="Seconds between two looks at the schedule. Shorter puts a lost schedule back sooner.",
    )


class AiSettings(EnvironmentSettings):
    """The optional language model behind the flag ai_insights; it speaks the chat completions protocol of OpenAI."""

    ai_insights_url: str | None = Field(
        None,
        pattern="^https?://",
        description="Base URL of the language model, such as https://example.com/v1. Without it rules write alone.",
    )
    ai_insights_key: SecretStr | None = Field(
        None, description="Key that is sent to the language model, if it asks. With a wrong one rules write alone."
    )
    ai_insights_model: str = Field(
        "default",
        min_length=1,
        description="Name of the model, as its server knows it. Others write differently; with an unknown one rules "
        "write alone.",
    )
    ai_insights_timeout_seconds: float = Field(
        30,
        gt=0,
        le=120,
        description="Seconds for the whole answer of the language model; after them the rules' text stands. "
        "Longer makes reports wait longer.",
    )
    ai_insights_max_tokens: int = Field(
        2000,
        ge=100,
        le=100_000,
        description="Most tokens that the language model may write for one report. Lower costs less; an answer that is "
        "cut off is discarded.",
    )
