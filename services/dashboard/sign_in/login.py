"""Signing in and out: plain forms, drawn by the server."""

import re
from datetime import timedelta

import structlog
from flask import Flask, Response, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from dashboard.cookies import DEVICE_COOKIE, SESSION_COOKIE, delete_cookie, read_cookie, set_cookie
from dashboard.errors import API_FAILURES
from dashboard.security import renew_csrf_token
from dashboard.session import Sessions
from dashboard.visitor import current_address
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi
from viral_contract.models.people import SessionCreated

HOME = "/dashboard/guardrails"
CHANGED = "changed"
# Neither "//host" nor "/\host", and nothing that browsers drop from an address before they read it.
_LOCAL_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")
_DEVICE_LIFETIME = timedelta(days=365)
_LONGEST_DEVICE = 1024
_WRONG = ("wrong_credentials", "invalid")
_log = structlog.get_logger()


def local_path(target: str | None) -> str:
    """`target` when it is a path of this site, else the home page."""
    return target if target and _LOCAL_PATH.fullmatch(target) else HOME


def add_login_routes(server: Flask, api: MetricsApi, sessions: Sessions, *, single_sign_on: bool) -> None:
    """Add /login and /logout; with `single_sign_on` the form offers that, too."""

    @server.route("/login", methods=["GET", "POST"], endpoint="login")
    def login() -> AnyResponse:
        g.single_sign_on = single_sign_on
        target = local_path(request.args.get("next"))
        if request.method != "POST":
            return redirect(target) if _is_signed_in(sessions) else _build_form(200)
        try:
            visitor = api.on_behalf_of(None, address=current_address())
            given = [request.form.get(name, "") for name in ("email", "password")]
            session = visitor.sign_in(*given, device=read_cookie(DEVICE_COOKIE)[:_LONGEST_DEVICE])
        except API_FAILURES as error:
            return _explain_refusal(error)
        return begin_session(session, target)

    @server.post("/logout", endpoint="logout")
    def logout() -> AnyResponse:
        sessions.end(read_cookie(SESSION_COOKIE))
        response = redirect("/login", 303)
        delete_cookie(response, SESSION_COOKIE)
        return response


def begin_session(session: SessionCreated, target: str) -> AnyResponse:
    """Give the browser its session and lead it on."""
    renew_csrf_token()
    response = redirect(target, 303)
    set_cookie(response, SESSION_COOKIE, session.secret, expires=session.expires_at)
    if session.device:
        set_cookie(response, DEVICE_COOKIE, session.device, expires=session.expires_at + _DEVICE_LIFETIME)
    return response


def _is_signed_in(sessions: Sessions) -> bool:
    try:
        return sessions.find_viewer(read_cookie(SESSION_COOKIE)) is not None
    except API_FAILURES:
        return False


def _explain_refusal(error: Exception) -> Response:
    if isinstance(error, ApiProblemError) and error.code in _WRONG:
        return _build_form(401, "Incorrect email or password.")
    if isinstance(error, ApiProblemError) and error.status == 429:
        return _build_form(429, error.detail)
    _log.error("sign_in_failed", reason=str(error))
    return _build_form(503, "You can't sign in right now: the metrics API is not responding. Try again soon.")


def _build_form(status: int, problem: str | None = None) -> Response:
    page = render_template(
        "login.html",
        problem=problem,
        email=request.form.get("email", ""),
        csrf_token=g.csrf_token,
        is_changed=CHANGED in request.args,
        single_sign_on=g.single_sign_on,
        target=local_path(request.args.get("next")),
    )
    return make_response(page, status)
