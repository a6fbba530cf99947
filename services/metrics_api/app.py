"""The application factory of the metrics API."""

from http import HTTPStatus
from importlib.metadata import version
from urllib.parse import unquote_to_bytes

from flask import Flask, Response, request

from metrics_api.api.alerts import alerts
from metrics_api.api.audit import audit
from metrics_api.api.batches import batches
from metrics_api.api.calendar import calendar
from metrics_api.api.cases import cases
from metrics_api.api.content import parent_shares, progress_reels, study_sessions
from metrics_api.api.conversions import conversions
from metrics_api.api.coppa import coppa, resolutions
from metrics_api.api.deliveries import deliveries as delivery_routes
from metrics_api.api.delivery_jobs import delivery_jobs
from metrics_api.api.drafts import drafts
from metrics_api.api.entity_lists import entity_lists, trusted_networks
from metrics_api.api.evaluations import evaluations, history
from metrics_api.api.events import events
from metrics_api.api.flags import flags as flag_routes
from metrics_api.api.growth import growth
from metrics_api.api.guardrails import guardrails
from metrics_api.api.investigations import investigations
from metrics_api.api.links import links
from metrics_api.api.notifications import notifications
from metrics_api.api.openapi import build_openapi
from metrics_api.api.people import passwords, people
from metrics_api.api.privacy import privacy as privacy_routes
from metrics_api.api.problems import ProblemError, register_problems
from metrics_api.api.queues import queues as queue_routes
from metrics_api.api.report_jobs import report_jobs
from metrics_api.api.reports import reports
from metrics_api.api.scans import scans
from metrics_api.api.search import search
from metrics_api.api.sessions import sessions
from metrics_api.api.setup import setup
from metrics_api.api.single_sign_on import single_sign_on
from metrics_api.api.subscriptions import subscriptions
from metrics_api.api.system import system
from metrics_api.api.tokens import tokens
from metrics_api.context import Context
from viral_runtime.web.compression import compress_answers
from viral_runtime.web.request_log import observe_requests

WRITES = (events, links, parent_shares, progress_reels, study_sessions)
ACCESS = (sessions, single_sign_on, passwords, people, tokens, audit, privacy_routes)
RECIPIENTS = (subscriptions, notifications)
CASES = (cases, conversions, investigations, entity_lists, trusted_networks, search)
GUARDRAILS = (guardrails, coppa, resolutions, scans, evaluations, history, alerts, *CASES)
OPERATIONS = (queue_routes, flag_routes, setup)
WORK = (report_jobs, delivery_jobs, batches)
DECISIONS = (drafts,)
RESOURCES = (
    system,
    *ACCESS,
    *WRITES,
    *GUARDRAILS,
    *DECISIONS,
    growth,
    calendar,
    reports,
    delivery_routes,
    *RECIPIENTS,
    *OPERATIONS,
    *WORK,
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
# Answers are data; a browser that opens one must not render or run it.
_POLICY = "default-src 'none'; frame-ancestors 'none'"


def create_app(context: Context) -> Flask:
    """The application of one process, with its context."""
    app = Flask(__name__, static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False  # Flask's own OPTIONS answer needs no token.
    app.extensions["context"] = context
    compress_answers(app)
    observe_requests(app)
    _harden(app)
    register_problems(app)
    for resource in RESOURCES:
        app.register_blueprint(resource.blueprint)
    operations = [operation for resource in RESOURCES for operation in resource.operations]
    app.extensions["openapi"] = build_openapi(operations, version=version("viral-engine"))
    return app


def _harden(app: Flask) -> None:
    """Reject paths that are not UTF-8, and add security headers to every answer."""

    @app.before_request
    def check_encoding() -> None:
        path = request.environ["PATH_INFO"].encode("latin-1")
        try:
            path.decode()
            unquote_to_bytes(request.query_string).decode()
        except UnicodeDecodeError as error:
            detail = "The URL contains bytes that are not UTF-8."
            raise ProblemError(HTTPStatus.BAD_REQUEST, "not_utf8", detail) from error

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(_HEADERS)
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
