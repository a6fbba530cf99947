"""Settings of metrics and traces. Rules and forms are those of `viral_engine.settings`."""

from pydantic import Field

from viral_engine.settings import EnvironmentSettings
from viral_engine.shared_fields import BindHost


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
