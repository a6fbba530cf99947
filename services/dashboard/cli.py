"""The dashboard as a web service of one or more processes."""

from flask import Flask

from dashboard.app import MOST_BYTES, create_app
from dashboard.settings import DashboardSettings
from viral_contract.client.metrics_api import MetricsApi
from viral_runtime.observe.logs import configure_logging
from viral_runtime.observe.tracing import start_tracing
from viral_runtime.settings.base import load_settings_or_exit
from viral_runtime.settings.groups import LogSettings, ProxySettings, TelemetrySettings, WebServerSettings
from viral_runtime.web.cores import count_processes
from viral_runtime.web.request_log import trace_requests
from viral_runtime.web.server import serve

_API_TIMEOUT_SECONDS = 10


def web() -> None:
    """Serve until asked to stop."""
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
        processes=count_processes(settings.dashboard_processes),
        most_body_bytes=MOST_BYTES,
        settings=web_server,
    )
