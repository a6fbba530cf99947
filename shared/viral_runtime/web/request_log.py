"""Counters and logs of every HTTP service."""

import re
import time
import uuid

import structlog
from flask import Flask, Response, g, request
from prometheus_flask_exporter import PrometheusMetrics

from viral_runtime.observe.tracing import is_tracing

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log = structlog.get_logger()


def find_request_id(given: str) -> str:
    """The caller's request id, or a new one if it is missing or invalid."""
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def observe_requests(app: Flask) -> None:
    """Give every request an id, log each when it ends, and serve `/metrics`."""
    PrometheusMetrics(app, path="/metrics", group_by="url_rule", default_labels=None)

    @app.before_request
    def start_request() -> None:
        g.request_id = find_request_id(request.headers.get("X-Request-ID", ""))
        g.started = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def finish_request(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        if request.path not in ("/healthz", "/readyz", "/metrics"):
            duration_ms = round((time.perf_counter() - g.started) * 1000, 1)
            route = str(request.url_rule) if request.url_rule else None
            _log.info(
                "http_request",
                method=request.method,
                route=route,
                status=response.status_code,
                duration_ms=duration_ms,
            )
        return response


def trace_requests(app: Flask) -> None:
    """Trace each request of the application as a span, if tracing is on."""
    if not is_tracing():
        return
    from opentelemetry.instrumentation.flask import FlaskInstrumentor

    FlaskInstrumentor().instrument_app(app, excluded_urls="healthz,readyz,metrics")  # type: ignore[no-untyped-call]
