"""Setting a password by a link, and changing one's own: plain forms, drawn by the server."""

import structlog
from flask import Flask, Response, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from dashboard.cookies import SESSION_COOKIE, delete_cookie
from dashboard.errors import API_FAILURES, build_message_page
from dashboard.session import Sessions, current_viewer
from dashboard.sign_in.login import CHANGED
from dashboard.visitor import current_address
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi

OWN_PATH = "/password"
LINK_PATH = "/set-password"
LEAST_LETTERS = 12
_log = structlog.get_logger()


def add_password_routes(server: Flask, api: MetricsApi, sessions: Sessions) -> None:
    """Add /set-password, open to who has a link, and /password, for who is signed in."""

    @server.route(LINK_PATH, methods=["GET", "POST"], endpoint="set_password")
    def set_password() -> AnyResponse:
        key = request.args.get("key", "")
        if request.method != "POST":
            return _build_form(200)
        try:
            _check_repeated()
            api.on_behalf_of(None, address=current_address()).set_password(key, request.form.get("new", ""))
        except API_FAILURES as error:
            return _explain(error)
        return redirect(f"/login?{CHANGED}=1", 303)

    @server.route(OWN_PATH, methods=["GET", "POST"], endpoint="password")
    def change_password() -> AnyResponse:
        viewer = current_viewer()
        if request.method != "POST":
            return _build_form(200, email=viewer.person.email)
        try:
            _check_repeated()
            person = api.on_behalf_of(viewer.secret, address=current_address())
            person.change_password(request.form.get("current", ""), request.form.get("new", ""))
        except API_FAILURES as error:
            return _explain(error, email=viewer.person.email)
        sessions.forget(viewer.secret)
        response = redirect(f"/login?{CHANGED}=1", 303)
        delete_cookie(response, SESSION_COOKIE)
        return response


def _check_repeated() -> None:
    new = request.form.get("new", "")
    if len(new) < LEAST_LETTERS:
        raise ApiProblemError(422, "invalid", f"Use at least {LEAST_LETTERS} characters.")
    if new != request.form.get("repeated", ""):
        raise ApiProblemError(422, "invalid", "Passwords don't match.")


def _explain(error: Exception, email: str | None = None) -> Response:
    if isinstance(error, ApiProblemError) and error.code == "unknown_link":
        return build_message_page(404, "This link no longer works", error.detail)
    if isinstance(error, ApiProblemError) and error.status < 500:
        return _build_form(error.status, error.detail, email=email)
    _log.error("password_not_set", reason=str(error))
    return _build_form(503, "Nothing was changed: the metrics API is not responding. Try again soon.", email=email)


def _build_form(status: int, problem: str | None = None, *, email: str | None = None) -> Response:
    """The form; without an email that of a link, which asks for no current password."""
    page = render_template(
        "password.html", problem=problem, email=email, least_letters=LEAST_LETTERS, csrf_token=g.csrf_token
    )
    return make_response(page, status)
