"""Settings groups that several services have: logs, metrics and traces, web server and proxies, workers."""

from functools import cached_property
from pathlib import Path

from pydantic import Field

from viral_runtime.settings.base import EnvironmentSettings
from viral_runtime.settings.fields import BindHost, NetworkList, RedisUrl
from viral_runtime.settings.networks import Network, read_networks


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


class WebServerSettings(EnvironmentSettings):
    """Web server of both web services."""

    shutdown_drain_seconds: float = Field(
        0,
        ge=0,
        le=300,
        description="Seconds after SIGTERM in which a web service still serves but is no longer ready, so that "
        "proxies switch to another. Longer than the proxies need loses no requests; 0 stops at once.",
    )
    request_read_seconds: float = Field(
        10,
        ge=1,
        le=120,
        description="Seconds in which a request must arrive, plus one for every 64 KiB. Longer lets slow clients "
        "hold more connections.",
    )


class ProxySettings(EnvironmentSettings):
    """Proxies in front of the web services."""

    trusted_proxies: NetworkList = Field(
        "",
        description="Networks (CIDR, comma-separated) of the proxies whose X-Forwarded-For or Forwarded is "
        "trusted. List only the proxies: anyone in a listed network can claim any address. Without "
        "them, the connection's address counts, which behind a proxy is the proxy's.",
    )

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        """The networks of the proxies."""
        return tuple(read_networks(self.trusted_proxies))


class WorkerSettings(EnvironmentSettings):
    """Every worker."""

    redis_url: RedisUrl
    heartbeat_file: Path | None = Field(
        None,
        description="File that a worker touches while it is alive, for liveness probes. Without it, no file is "
        "touched.",
    )
