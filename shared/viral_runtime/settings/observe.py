"""Settings of logs, metrics and traces."""

from pydantic import Field

from viral_runtime.settings.base import EnvironmentSettings
from viral_runtime.settings.fields import BindHost


class LogSettings(EnvironmentSettings):
    """Logs of every service."""

    log_format: str = Field(
        "console",
        pattern="^(console|json)$",
        description="console for people, json for machines. Production uses json.",
    )
    log_level: str = Field(
        "INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="Lowest level that is logged. DEBUG writes far more and uses disk; ERROR leaves out requests.",
    )


class TelemetrySettings(EnvironmentSettings):
    """Traces of every process."""

    otel_exporter_otlp_endpoint: str | None = Field(
        None,
        pattern="^https?://",
        description="Base URL of an OpenTelemetry collector for traces over HTTP, such as http://collector:4318. "
        "Without it, tracing is off and costs nothing.",
    )


class WorkerMetricsSettings(EnvironmentSettings):
    """Metrics of workers and the scheduler."""

    bind_host: BindHost = "127.0.0.1"
    worker_metrics_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port of a worker's or the scheduler's metrics. 0 serves none, so nobody notices if it stops.",
    )
