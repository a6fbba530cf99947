"""Single sign-on: the browser goes to the provider and comes back; what it brings is judged by the API."""

import structlog
from flask import Flask, redirect, request
from werkzeug.wrappers import Response

from dashboard.cookies import SIGN_ON_COOKIE, delete_cookie, read_cookie, set_cookie
from dashboard.errors import API_FAILURES, build_message_page
from dashboard.public_address import HOW_TO_SET, find_public_address
from dashboard.sign_in.login import begin_session, local_path
from dashboard.visitor import current_address
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi

RETURN_PATH = "/login/callback"
_UNAVAILABLE = "Single sign-on is not responding. Try again in a minute."
_log = structlog.get_logger()


def add_single_sign_on_routes(server: Flask, api: MetricsApi) -> None:
    """Add the way to the provider and the way back."""

    @server.get("/login/single-sign-on", endpoint="single_sign_on")
    def leave() -> Response:
        public = find_public_address()
        if public is None:
            return build_message_page(503, "Single sign-on is not set up", HOW_TO_SET)
        try:
            visitor = api.on_behalf_of(None, address=current_address())
            started = visitor.start_single_sign_on(f"{public}{RETURN_PATH}")
        except API_FAILURES as error:
            return _refuse(error)
        response = redirect(started.authorization_url, 303)
        # The flow holds no blanks, so that what follows the first one is where to go afterwards.
        set_cookie(response, SIGN_ON_COOKIE, f"{started.flow} {local_path(request.args.get('next'))}")
        return response

    @server.get(RETURN_PATH, endpoint="single_sign_on_return")
    def come_back() -> Response:
        if request.method == "HEAD":
            # Who asks for the head alone wants nothing changed, and what was brought is good only once.
            return redirect("/login", 303)
        flow, _, target = read_cookie(SIGN_ON_COOKIE).partition(" ")
        brought = {name: request.args.get(name, "") for name in ("state", "code")}
        try:
            if not (flow and all(brought.values())):
                raise ApiProblemError(403, "single_sign_on_refused", _explain_return())
            visitor = api.on_behalf_of(None, address=current_address())
            response = begin_session(visitor.finish_single_sign_on(flow=flow, **brought), local_path(target))
        except API_FAILURES as error:
            response = _refuse(error)
        delete_cookie(response, SIGN_ON_COOKIE)
        return response


def _explain_return() -> str:
    if request.args.get("error") == "access_denied":
        return "The sign-in was refused or canceled at the provider."
    return "This sign-in was not started in this browser, or it took too long."


def _refuse(error: Exception) -> Response:
    _log.warning("single_sign_on_failed", reason=str(error))
    if isinstance(error, ApiProblemError) and error.status < 500:
        return build_message_page(403, "You were not signed in", error.detail, way_on=("Back to sign-in", "/login"))
    return build_message_page(503, "You were not signed in", _UNAVAILABLE, way_on=("Back to sign-in", "/login"))
