"""The page behind the link in an email: it ends what its address gets, without an account."""

import structlog
from flask import Flask, Response, make_response, render_template, request

from dashboard.errors import API_FAILURES, build_message_page, build_unavailable, is_final
from dashboard.visitor import current_address
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.subscriptions import Unsubscription

_log = structlog.get_logger()


def add_unsubscribe_route(server: Flask, api: MetricsApi) -> None:
    """Add /unsubscribe/<token>, open to who has a link.

    To open it changes nothing, because mail scanners open links, too; mail programs post to it unseen (RFC 8058).
    """

    @server.route("/unsubscribe/<token>", methods=["GET", "POST"], endpoint="unsubscribe")
    def unsubscribe(token: str) -> Response:
        is_done = request.method == "POST"
        try:
            visitor = api.on_behalf_of(None, address=current_address())
            found = visitor.unsubscribe(token) if is_done else visitor.fetch_unsubscription(token)
        except API_FAILURES as error:
            return _explain(error)
        page = render_template("unsubscribe.html", email=found.email, reports=_name_reports(found), is_done=is_done)
        return make_response(page)


def _name_reports(found: Unsubscription) -> str:
    kinds = " and ".join(reversed(found.report_types))
    return kinds and f"{kinds} report{'s' if len(found.report_types) > 1 else ''}"


def _explain(error: Exception) -> Response:
    if is_final(error):
        detail = "Your email app may have cut it off. Copy the whole link, or reply to the email."
        return build_message_page(404, "Invalid unsubscribe link", detail)
    _log.error("unsubscribe_failed", reason=str(error))
    return build_unavailable()
