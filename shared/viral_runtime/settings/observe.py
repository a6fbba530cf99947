"""Settings of logs, metrics and traces."""

from pydantic import Field

from viral_runtime.settings.base import EnvironmentSettings
from viral_runtime.settings.fields import BindHost


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


class TelemetrySettings(EnvironmentSettings):
    """How processes tell what they do."""

    otel_exporter_otlp_endpoint: str | None = Field(
        None,
        pattern="^https?://",
        description="Base URL of an OpenTelemetry collector that takes traces over HTTP, such as "
        "http://collector:4318. Without it there are no traces, and nothing is spent on them.",
    )


class WorkerMetricsSettings(EnvironmentSettings):
    """How workers and the scheduler show their metrics."""

    bind_host: BindHost = "127.0.0.1"
    worker_metrics_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port on which a worker or the scheduler serves its metrics. "
        "0 serves none, so that nobody sees it stop.",
    )
