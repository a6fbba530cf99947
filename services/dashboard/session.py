"""Who is signed in. The browser keeps the session's secret, the metrics API knows whose it is."""

from collections.abc import Hashable
from dataclasses import dataclass

import structlog
from flask import Flask, g, redirect, request, url_for
from werkzeug.wrappers import Response

from dashboard.cache import SharedCache
from dashboard.cookies import SESSION_COOKIE, read_cookie
from dashboard.errors import API_FAILURES, build_problem, build_unavailable, is_page_request
from dashboard.visitor import CALLBACKS_PATH, current_address, is_background
from viral_contract.client.metrics_api import ApiProblemError, ApiUnreachableError, MetricsApi
from viral_contract.models.people import ROLE_SCOPES, Scope, SignedInPerson

# With the second in which the API notices it, a flag that is switched shows within 10 seconds.
PERSON_SECONDS = 8
OPEN_ENDPOINTS = frozenset(
    {
        "healthz",
        "readyz",
        "prometheus_metrics",
        "login",
        "unsubscribe",
        "single_sign_on",
        "single_sign_on_return",
        "set_password",
        "_dash_assets.static",
        "all_css",
        "all_js",
        "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>",
        "/_favicon.ico",
    }
)
_MOST_SESSIONS = 10_000
_log = structlog.get_logger()


@dataclass(frozen=True)
class Viewer:
    """Who looks at a page, and the secret of their session."""

    secret: str
    person: SignedInPerson

    @property
    def sharing_key(self) -> Hashable:
        """Equal for viewers who may be shown one and the same answer.

        The role says who sees whole identifiers and who sees which buttons; flags may differ from person to person.
        """
        return self.person.role, tuple(self.person.flags)

    def may(self, scope: Scope) -> bool:
        """Whether their role has this scope."""
        return scope in ROLE_SCOPES[self.person.role]


class Sessions:
    """Sessions of the metrics API; who a session belongs to is asked at most every PERSON_SECONDS."""

    def __init__(self, api: MetricsApi) -> None:
        self._api = api
        self._viewers = SharedCache[Viewer]("sessions", seconds=PERSON_SECONDS, size=_MOST_SESSIONS)

    def find_viewer(self, secret: str) -> Viewer | None:
        """Who this session belongs to, None when it has ended.

        Raises ApiUnreachableError, and ApiProblemError when the API refuses for another reason.
        """
        if not secret:
            return None
        try:
            # Apart, so that somebody's use reaches the API however often the page asks by itself.
            return self._viewers.get((secret, is_background()), lambda: self._fetch_viewer(secret))
        except ApiProblemError as error:
            if error.code == "session_ended":
                return None
            raise

    def forget(self, secret: str) -> None:
        """Ask again whose session it is the next time."""
        for background in (False, True):
            self._viewers.forget((secret, background))

    def end(self, secret: str) -> None:
        """Sign out. A session whose end did not reach the API ends at its own time."""
        self.forget(secret)
        try:
            self._api.on_behalf_of(secret, address=current_address()).sign_out()
        except API_FAILURES as error:
            _log.warning("sign_out_failed", reason=str(error))

    def _fetch_viewer(self, secret: str) -> Viewer:
        api = self._api.on_behalf_of(secret, address=current_address(), background=is_background())
        return Viewer(secret, api.fetch_person())


def require_session(server: Flask, sessions: Sessions) -> None:
    """Let nobody but signed-in people in, the open endpoints excepted."""

    @server.before_request
    def check_session() -> Response | None:
        if request.endpoint in OPEN_ENDPOINTS:
            return None
        try:
            viewer = sessions.find_viewer(read_cookie(SESSION_COOKIE))
        except API_FAILURES as error:
            _log.warning("session_check_failed", reason=str(error))
            # A callback has no data to show without a viewer either, but keeps on the page what was there.
            return None if request.endpoint == CALLBACKS_PATH else build_unavailable()
        if viewer is None:
            return _ask_to_sign_in()
        g.viewer = viewer
        return None


def current_viewer() -> Viewer:
    """Who made the request in hand, behind `require_session`.

    Raises ApiUnreachableError when the API could not say so.
    """
    if "viewer" not in g:
        raise ApiUnreachableError("The metrics API could not say whose session this is.")
    viewer: Viewer = g.viewer
    return viewer


def _ask_to_sign_in() -> Response:
    if is_page_request():
        wanted = request.full_path.removesuffix("?")
        return redirect(url_for("login", next=None if wanted == "/" else wanted))
    return build_problem(401, "session_required", "Sign in first", "There is no session, or it has ended.")
