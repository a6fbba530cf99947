"""`python -m dashboard` serves the dashboard with the settings of the environment."""

from flask import Flask

from dashboard.app import MOST_BYTES, create_app
from viral_engine.access_settings import ProxySettings
from viral_engine.client import MetricsApi
from viral_engine.logs import configure_logging
from viral_engine.request_telemetry import trace_requests
from viral_engine.settings import DashboardSettings, LogSettings, load_settings_or_exit
from viral_engine.telemetry_settings import TelemetrySettings
from viral_engine.tracing import start_tracing
from viral_engine.web_settings import WebServerSettings
from viral_engine.webserver import serve

_API_TIMEOUT_SECONDS = 10


def main() -> None:
    """Serve until told to stop."""
    groups = DashboardSettings, ProxySettings, WebServerSettings, TelemetrySettings, LogSettings
    settings, proxies, web_server, telemetry, log_settings = load_settings_or_exit(*groups)
    configure_logging(log_settings, service="dashboard")

    def build_app() -> Flask:
        start_tracing(telemetry, service="dashboard")
        token = settings.dashboard_token.get_secret_value()
        api = MetricsApi.connect(settings.metrics_api_url, token, timeout_seconds=_API_TIMEOUT_SECONDS)
        app = create_app(settings, api, proxies)
        trace_requests(app)
        return app

    serve(
        build_app,
        host=settings.bind_host,
        port=settings.dashboard_port,
        threads=settings.dashboard_threads,
        processes=1,
        most_body_bytes=MOST_BYTES,
        settings=web_server,
    )


if __name__ == "__main__":
    main()
