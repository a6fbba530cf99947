"""One email of a report: its recipient, its status and the rendered text."""

from dash import html
from dash.development.base_component import Component

from dashboard.admin.deliveries import build_state, format_note
from dashboard.components.card import build_hint
from dashboard.components.page_header import build_page_header
from dashboard.formats import format_minute
from dashboard.links import report_path
from viral_contract.models.deliveries import Content, Delivery, RenderedDelivery

_WAITS = "Not rendered yet. This email is waiting for a worker."
_GONE = "The content of this email has been deleted."


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
