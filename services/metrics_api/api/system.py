"""Health checks, metrics and documentation, open without a token."""

from http import HTTPStatus
from importlib.resources import files

from flask import Response, current_app, send_from_directory
from pydantic import BaseModel
from sqlalchemy import text

from metrics_api.api.context import current_context
from metrics_api.api.problems import ProblemError
from metrics_api.api.routing import Operation, Resource
from metrics_api.db.migrate import is_current

system = Resource("system")
_RETRY_SECONDS = 10
_DOCS_ASSETS = str(files("flask_swagger_ui") / "dist")
_DOCS_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Viral Guardrails API</title>
<link rel="icon" href="docs/favicon-32x32.png"><link rel="stylesheet" href="docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script><script src="docs/start.js"></script></body></html>
"""
# Folded, because it shows only as many open groups as fit the window.
_DOCS_SCRIPT = 'window.ui = SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui", docExpansion: "none"});'
_DOCS_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"


class SystemStatus(BaseModel):
    """That the service works."""

    status: str


@system.route("GET", "/healthz", scope=None, answers={HTTPStatus.OK: SystemStatus})
def get_healthz() -> SystemStatus:
    """Check that the process is up."""
    return SystemStatus(status="ok")


@system.route("GET", "/readyz", scope=None, answers={HTTPStatus.OK: SystemStatus})
def get_readyz() -> SystemStatus:
    """Check that the data stores are reachable and every migration has run."""
    with current_context().database.read() as connection:
        connection.execute(text("SELECT 1"))
        current = is_current(connection)
    if not current:
        detail = "Migrations are pending. Run python -m metrics_api migrate."
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "not_migrated", detail, retry_after=_RETRY_SECONDS)
    current_context().redis.ping()
    return SystemStatus(status="ready")


@system.route("GET", "/openapi.json", scope=None, answers={HTTPStatus.OK: None})
def get_openapi() -> Response:
    """This document."""
    return Response(current_app.extensions["openapi"], content_type="application/json")


@system.route("GET", "/docs", scope=None, answers={HTTPStatus.OK: None})
def get_docs() -> Response:
    """The documentation to read and try."""
    headers = {"Content-Security-Policy": _DOCS_POLICY}
    return Response(_DOCS_PAGE, headers=headers, content_type="text/html; charset=utf-8")


@system.route("GET", "/docs/<name>", scope=None, answers={HTTPStatus.OK: None})
def get_docs_asset(name: str) -> Response:
    """A script or style of the documentation."""
    if name == "start.js":
        return Response(_DOCS_SCRIPT, content_type="text/javascript")
    return send_from_directory(_DOCS_ASSETS, name)


# Served by the library that counts requests; here it is only documented.
system.operations.append(
    Operation(
        resource=system.name,
        name="get_metrics",
        method="GET",
        rule="/metrics",
        summary="Counters and timings for Prometheus.",
        scope=None,
        answers={HTTPStatus.OK: None},
        query=None,
        body=None,
        media_types=(),
    )
)
