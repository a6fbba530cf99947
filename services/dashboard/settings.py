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
