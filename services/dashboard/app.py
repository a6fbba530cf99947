"""The application: a Flask server that checks every request, with the Dash pages inside."""

from pathlib import Path

from dash import Dash, html
from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from dashboard import shell
from dashboard.data import SharedViews
from dashboard.errors import answer_errors
from dashboard.login import HOME, add_login_routes
from dashboard.pages import PAGES, find_page
from dashboard.security import protect
from dashboard.session import Sessions, require_session
from dashboard.static import compress_static
from dashboard.unsubscribe import add_unsubscribe_route
from viral_engine.client import MetricsApi
from viral_engine.request_telemetry import observe_requests
from viral_engine.settings import DashboardSettings

_ASSETS = Path(__file__).parent / "assets"
_MOST_BYTES = 1024 * 1024
_ANY_PAGE = "/<path:path>"


def create_app(settings: DashboardSettings, api: MetricsApi) -> Flask:
    """The dashboard, reading from `api`."""
    server = Flask(__name__, static_folder=None)
    server.config["MAX_CONTENT_LENGTH"] = _MOST_BYTES
    sessions = Sessions(api)
    secure = settings.dashboard_cookie_secure
    observe_requests(server)
    answer_errors(server)
    compress_static(server)
    protect(server, secure=secure)
    require_session(server, sessions)
    _add_plain_routes(server)
    add_login_routes(server, api, sessions, secure=secure)
    add_unsubscribe_route(server, api)
    _add_pages(server, settings, SharedViews(api, seconds=settings.dashboard_cache_seconds))
    return server


def _add_plain_routes(server: Flask) -> None:
    @server.get("/healthz", endpoint="healthz")
    @server.get("/readyz", endpoint="readyz")
    def health() -> dict[str, str]:
        # Ready without the API, too: the pages then say what is missing, which beats the ingress's error page.
        return {"status": "ok"}

    @server.before_request
    def lead_home() -> AnyResponse | None:
        return redirect(HOME) if request.path in ("/", "/dashboard", "/dashboard/") else None

    @server.after_request
    def mark_unknown_pages(response: Response) -> Response:
        if request.endpoint == _ANY_PAGE and response.status_code == 200 and not find_page(request.path):
            response.status_code = 404
        return response


def _add_pages(server: Flask, settings: DashboardSettings, views: SharedViews) -> None:
    app = Dash(
        "dashboard",
        server=server,
        assets_folder=str(_ASSETS),
        assets_ignore=shell.FIRST_SCRIPT,
        title=shell.PRODUCT,
        update_title=None,
    )
    shell.serve_index(app, _ASSETS)
    app.layout = shell.build_layout()
    # Dash checks the ids in callbacks against this, as no layout but it holds those of every page.
    app.validation_layout = html.Div([app.layout, *(page.build_layout(settings) for page in PAGES)])
    shell.add_callbacks(app, settings)
    for page in PAGES:
        page.add_callbacks(app, views, settings)
    server.config["CSP_SCRIPT_HASHES"] = app.csp_hashes()
