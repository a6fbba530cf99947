"""Feature flags, to be looked at: admins see how each one stands and how it is changed."""

import structlog
from dash import Dash, Input, Output, html
from dash.development.base_component import Component

from dashboard.admin.flags import build_change_card, build_file_card, build_flags_card
from dashboard.components.card import build_blank
from dashboard.components.messages import build_unavailable
from dashboard.data import SharedViews
from dashboard.errors import API_FAILURES
from dashboard.links import FLAGS_PATH
from dashboard.page import Page
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.people import Scope

TITLE = "Feature flags"
_WHY = "Flags switch features on for everybody, for a share, or for single people, without a new release."
_log = structlog.get_logger()


def build_layout(_settings: DashboardSettings) -> Component:
    """The frame of the page."""
    return html.Div(
        [
            html.Header(html.Div([html.H1(TITLE), html.P(_WHY, className="summary")]), className="page-header"),
            html.Div([build_blank(420)], id="flags-view", className="stack flags"),
        ]
    )


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """One callback shows the flags."""

    def show(_path: str | None) -> list[Component]:
        return show_flags(views.api_of_viewer())

    app.callback(Output("flags-view", "children"), Input("url", "pathname"))(show)


def show_flags(api: MetricsApi) -> list[Component]:
    """How every flag stands, to admins."""
    try:
        if not current_viewer().may(Scope.ADMIN):
            return [html.P("Only admins see the feature flags. Ask one of them what is switched on.")]
        answer = api.fetch_flags()
    except API_FAILURES as error:
        _log.warning("flags_failed", reason=str(error))
        return [build_unavailable(FLAGS_PATH)]
    return [build_flags_card(answer.flags), build_file_card(answer), build_change_card(answer.path)]


PAGE = Page(FLAGS_PATH, TITLE, build_layout, add_callbacks, icon="flag", scope=Scope.ADMIN, group="Administration")
