"""The settings of the dashboard."""

from pydantic import Field

from viral_runtime.settings.base import EnvironmentSettings, Port
from viral_runtime.settings.fields import (
    BindHost,
    DashboardToken,
    MetricsApiUrl,
    OidcIssuer,
    PathPrefix,
    PublicDashboardUrl,
)


class DashboardSettings(EnvironmentSettings):
    """Dashboard."""

    metrics_api_url: MetricsApiUrl = "http://127.0.0.1:8000"
    dashboard_token: DashboardToken
    bind_host: BindHost = "127.0.0.1"
    dashboard_port: Port = Field(
        8050,
        description="Port of the dashboard. If you change it, change PUBLIC_DASHBOARD_URL too, unless a proxy is "
        "in front.",
    )
    dashboard_threads: int = Field(
        16,
        ge=1,
        le=128,
        description="Concurrent requests per web process. With fewer, people wait; more put more load on the API.",
    )
    dashboard_processes: int = Field(
        0,
        ge=0,
        le=32,
        description="Web processes of the dashboard; 0 is one per core that the container's CPU limit allows, "
        "at most 8. More use more cores and memory, and each asks the API for its own pages.",
    )
    dashboard_cookie_secure: bool = Field(
        False, description="Send cookies over HTTPS only. Turn it on wherever the dashboard is behind TLS."
    )
    public_dashboard_url: PublicDashboardUrl = "http://127.0.0.1:8050"
    public_metrics_api_url: str | None = Field(
        None,
        pattern="^https?://",
        description="URL at which apps reach the metrics API, for the requests to copy on the first run. Without it, "
        "they show METRICS_API_URL.",
    )
    dashboard_path_prefix: PathPrefix = ""
    oidc_issuer: OidcIssuer = None
    dashboard_refresh_seconds: int = Field(
        30,
        ge=5,
        le=3600,
        description="Seconds between two refreshes of an open page. Fewer show changes sooner but put more load "
        "on the API.",
    )
    dashboard_cache_seconds: int = Field(
        10,
        ge=1,
        le=300,
        description="Seconds for which all people of a role share one page of a period. More put less load on the API "
        "but show older figures.",
    )
