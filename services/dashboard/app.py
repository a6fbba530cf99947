"""The application: a Flask server that checks every request, with the Dash pages inside."""

from pathlib import Path

from dash import Dash, html
from flask import Flask, Response, abort, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from dashboard import shell
from dashboard.callbacks.calls import refuse_misshapen_calls
from dashboard.cookies import CSRF_COOKIE, full_name, prepare_cookies
from dashboard.errors import answer_errors
from dashboard.links import TRUSTED_NETWORKS_PATH, trust_path
from dashboard.pages import PAGES, find_page
from dashboard.path_prefix import serve_below
from dashboard.public_address import note_public_addresses
from dashboard.security import protect
from dashboard.session import Sessions, require_session
from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews, remember_changes
from dashboard.sign_in.login import HOME, add_login_routes
from dashboard.sign_in.passwords import add_password_routes
from dashboard.sign_in.single_sign_on import add_single_sign_on_routes
from dashboard.static import compress_static, keep_definitions, serve_bundles
from dashboard.unsubscribe import add_unsubscribe_route
from dashboard.visitor import note_visitors
from viral_contract.client.metrics_api import MetricsApi
from viral_runtime.settings.groups import ProxySettings
from viral_runtime.web.compression import compress_answers
from viral_runtime.web.request_log import observe_requests

_ASSETS = Path(__file__).parent / "assets"
MOST_BYTES = 1024 * 1024
_ANY_PAGE = "/<path:path>"


def create_app(settings: DashboardSettings, api: MetricsApi, proxies: ProxySettings | None = None) -> Flask:
    """The dashboard, reading from `api`; `proxies` come from the environment where they are absent."""
    server = Flask(__name__, static_folder=None)
    server.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    sessions = Sessions(api)
    secure = settings.dashboard_cookie_secure
    # First, because what is done after a request is done in the opposite order.
    compress_answers(server, lambda: g.get("csrf_token"))
    serve_below(server, settings.dashboard_path_prefix)
    api_url = settings.public_metrics_api_url or settings.metrics_api_url
    note_public_addresses(server, settings.public_dashboard_url, api_url)
    observe_requests(server)
    answer_errors(server)
    compress_static(server)
    prepare_cookies(server, secure=secure, path=settings.dashboard_path_prefix)
    note_visitors(server, proxies or ProxySettings())
    protect(server, secure=secure)
    require_session(server, sessions)
    remember_changes(server)
    _add_plain_routes(server)
    add_login_routes(server, api, sessions, single_sign_on=settings.oidc_issuer is not None)
    add_single_sign_on_routes(server, api)
    add_password_routes(server, api, sessions)
    add_unsubscribe_route(server, api)
    _add_pages(server, settings, SharedViews(api, seconds=settings.dashboard_cache_seconds))
    return server


def _is_text(given: str) -> bool:
    """Whether the text holds nothing but characters: a broken address becomes half of one."""
    try:
        given.encode()
    except UnicodeEncodeError:
        return False
    return True


def _lead_to_moved_page() -> AnyResponse | None:
    """Trusted networks are a part of the lists."""
    if request.path.rstrip("/") != "/dashboard/guardrails/trusted-networks":
        return None
    cidr = request.args.get("cidr")
    return redirect(trust_path(cidr) if cidr else TRUSTED_NETWORKS_PATH)


def _add_plain_routes(server: Flask) -> None:
    @server.get("/healthz", endpoint="healthz")
    @server.get("/readyz", endpoint="readyz")
    def health() -> dict[str, str]:
        # Ready without the API, too: the pages then say what is missing, which beats the ingress's error page.
        return {"status": "ok"}

    @server.before_request
    def lead_home() -> AnyResponse | None:
        return redirect(HOME) if request.path in ("/", "/dashboard", "/dashboard/") else None

    server.before_request(_lead_to_moved_page)

    @server.before_request
    def refuse_unreadable_paths() -> None:
        # Nothing has such a name, and looking for it is an error of its own.
        given = [request.path, *request.view_args.values()] if request.view_args else [request.path]
        if any("\0" in each or "\ufffd" in each or not _is_text(each) for each in map(str, given)):
            abort(404)

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
        # They are in the two files that `serve_bundles` makes of them.
        assets_ignore=".*",
        title=shell.PRODUCT,
        update_title=None,
        csrf_token_name=full_name(
            CSRF_COOKIE, secure=settings.dashboard_cookie_secure, path=settings.dashboard_path_prefix
        ),
        requests_pathname_prefix=f"{settings.dashboard_path_prefix}/",
        routes_pathname_prefix="/",
        # Else every document holds the layouts of all pages, in which the browser looks for the callbacks' ids.
        suppress_callback_exceptions=True,
    )
    serve_bundles(server, _ASSETS)
    shell.serve_index(app, _ASSETS, settings.dashboard_path_prefix)
    app.layout = shell.build_layout()
    shell.add_callbacks(app, views, settings)
    for page in PAGES:
        page.add_callbacks(app, views, settings)
    refuse_misshapen_calls(server, app, html.Div([app.layout, *(page.build_layout(settings) for page in PAGES)]))
    keep_definitions(server)
    server.config["CSP_SCRIPT_HASHES"] = app.csp_hashes()
