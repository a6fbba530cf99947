"""One message by which a report was mailed: for a placeholder, what would have been sent."""

import structlog
from dash import Dash, Input, Output, html
from dash.development.base_component import Component

from dashboard.components.card import build_blank
from dashboard.components.messages import build_failure, build_not_found
from dashboard.data import SharedViews
from dashboard.errors import API_FAILURES
from dashboard.links import REPORTS_PATH, find_message_ids, message_path
from dashboard.page import Page
from dashboard.reports.message import build_report_message
from dashboard.settings import DashboardSettings
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi

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


PAGE = Page(f"{REPORTS_PATH}/<id>/messages/<id>", "Message", build_layout, add_callbacks)
