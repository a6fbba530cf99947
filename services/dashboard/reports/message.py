"""One message by which a report was mailed: for a placeholder, what would have been sent."""

import structlog
from dash import Dash, Input, Output, html
from dash.development.base_component import Component

from dashboard.admin.deliveries import build_state, format_note
from dashboard.components.card import build_blank, build_hint
from dashboard.components.messages import build_failure, build_not_found
from dashboard.components.page_header import build_page_header
from dashboard.errors import API_FAILURES
from dashboard.formats import format_minute
from dashboard.links import REPORTS_PATH, find_message_ids, message_path, report_path
from dashboard.page import Page
from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi
from viral_contract.models.deliveries import Content, Delivery, RenderedDelivery

_WAITS = "Not rendered yet. This email is waiting for a worker."
_GONE = "The content of this email has been deleted."
_log = structlog.get_logger()


def build_layout(_settings: DashboardSettings) -> Component:
    """The frame of the page."""
    return html.Div([build_blank(320)], id="message-view")


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """One callback shows the message."""

    def show(path: str | None) -> list[Component]:
        return show_message(views.api_of_viewer(), path)

    app.callback(Output("message-view", "children"), Input("url", "pathname"))(show)


def show_message(api: MetricsApi, path: str | None) -> list[Component]:
    """The message that the address names, or why it is not shown."""
    ids = find_message_ids(path)
    if ids is None:
        return [build_not_found("Message")]
    try:
        return build_report_message(ids[0], api.fetch_delivery(*ids))
    except API_FAILURES as error:
        _log.warning("message_failed", report_id=ids[0], delivery_id=ids[1], reason=str(error))
        if isinstance(error, ApiProblemError) and error.status == 403:
            # Who may not see a message learns as little as of one that does not exist.
            return [build_not_found("Message")]
        return [build_failure(error, message_path(*ids), what="Message")]


def build_report_message(report_id: int, delivery: RenderedDelivery) -> list[Component]:
    """The way back, the message's head, and its text, in which nothing is a link and nothing is loaded."""
    summary = [html.Span(f"To {delivery.recipient_email} · requested {format_minute(delivery.created_at)} UTC")]
    header = build_page_header("Message", "", summary, above=(f"Report {report_id}", report_path(report_id)))
    content = _build_content(delivery.content) if delivery.content else [build_hint(_explain_nothing(delivery))]
    state = build_state(delivery.status, format_note(delivery))
    return [header, html.Section([state, *content], className="card report-message")]


def _build_content(content: Content) -> list[Component]:
    return [
        html.H2(content.subject, className="card-heading"),
        build_hint("Plain-text version, for email clients without HTML."),
        html.Pre(content.text, className="message-text"),
    ]


def _explain_nothing(delivery: Delivery) -> str:
    return _WAITS if delivery.status in ("queued", "sending") else _GONE


PAGE = Page(f"{REPORTS_PATH}/<id>/messages/<id>", "Message", build_layout, add_callbacks)
