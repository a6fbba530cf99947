"""The audit log: who did what, to what, when and from where, filtered by the address."""

from typing import Any
from urllib.parse import urlencode

import dash_mantine_components as dmc
import structlog
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.admin.audit import build_entries
from dashboard.components.address_controls import control_id, show_address
from dashboard.components.card import build_blank
from dashboard.components.dates import build_day
from dashboard.components.messages import build_refused, build_unavailable
from dashboard.components.page_header import build_page_header
from dashboard.components.table import build_way_on
from dashboard.data import SharedViews
from dashboard.errors import API_FAILURES
from dashboard.links import AUDIT_PATH
from dashboard.page import Page
from dashboard.period import read_search
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi
from viral_contract.models.people import Scope

TITLE = "Audit"
ROWS = 50
_TEXTS = {
    "actor": ("Who", "email or token"),
    "action": ("Did what", "Resolve violation"),
    "subject": ("To what", "alert:"),
}
_DAYS = {"start": "From (UTC)", "end": "To (UTC)"}
_FILTERS = (*_TEXTS, *_DAYS)
_PAGE = "audit"
_log = structlog.get_logger()


def build_layout(_settings: DashboardSettings) -> Component:
    """The frame of the page; the filter stands in it from the start, hidden until it is allowed."""
    texts = [
        dmc.TextInput(id=control_id(_PAGE, name), label=label, placeholder=example, className="filter")
        for name, (label, example) in _TEXTS.items()
    ]
    filters = [*texts, *[build_day(control_id(_PAGE, name), label, "Any day") for name, label in _DAYS.items()]]
    show = html.Button("Show", id="audit-show", className="button button-primary")
    return html.Div(
        [
            dcc.Store(id="audit-defaults", data={**dict.fromkeys(_TEXTS, ""), **dict.fromkeys(_DAYS)}),
            build_page_header(
                TITLE, "", [html.P("Entries can be added, and neither changed nor deleted.")], above=None
            ),
            html.Div(
                [
                    html.Section(
                        html.Div([*filters, show], className="filters"),
                        id="audit-filter",
                        className="card",
                        hidden=True,
                    ),
                    html.Section([build_blank(480)], id="audit-list", className="card"),
                ],
                className="stack",
            ),
        ]
    )


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """The address fills in the filter at once and the list once it is there; the button changes the address."""
    app.callback(
        output={
            "list": Output("audit-list", "children"),
            "hidden": Output("audit-filter", "hidden"),
        },
        inputs={"search": Input("url", "search")},
    )(lambda search: show_entries(views.api_of_viewer(), search))
    app.callback(
        Output("url", "search", allow_duplicate=True),
        inputs={
            "presses": Input("audit-show", "n_clicks"),
            "given": {name: State(control_id(_PAGE, name), "value") for name in _FILTERS},
        },
        prevent_initial_call=True,
    )(choose_filters)
    show_address(app, _PAGE, "audit-defaults")


def parse_filters(search: str | None) -> dict[str, str | None]:
    """The filters that the address names."""
    given = read_search(search)
    return {name: given.get(name) for name in _FILTERS}


def choose_filters(presses: int | None, given: dict[str, str | None]) -> Any:
    """The address that the filters make; it stays as it is when they are drawn, which calls back too."""
    return format_filters(given) if presses else no_update


def format_filters(given: dict[str, str | None]) -> str:
    """The filters as they stand in an address; an action may be written as the list shows it."""
    named = {name: value.strip() for name, value in given.items() if value and value.strip()}
    if "action" in named:
        named["action"] = named["action"].lower().replace(" ", "_")
    return f"?{urlencode(named)}" if named else ""


def show_entries(api: MetricsApi, search: str | None) -> dict[str, Any]:
    """The entries that the address names, and whether the filter is hidden, as it is for who may not look."""
    filters = parse_filters(search)
    try:
        if not current_viewer().may(Scope.ADMIN):
            return {"list": [html.P("Only admins see the audit. Ask one of them.")], "hidden": True}
        answer = api.fetch_audit_entries(limit=ROWS, cursor=read_search(search).get("cursor"), **filters)
    except ApiProblemError as error:
        if error.status in (400, 422):
            return {"list": [build_refused(error, AUDIT_PATH)], "hidden": False}
        return _fail(error, search)
    except API_FAILURES as error:
        return _fail(error, search)
    more = []
    if answer.next_cursor:
        named = {name: value for name, value in filters.items() if value}
        more = [build_way_on(AUDIT_PATH, {**named, "cursor": answer.next_cursor}, f"{ROWS} entries")]
    heading = html.H2("What was done", className="card-heading")
    return {"list": [heading, *build_entries(answer), *more], "hidden": False}


def _fail(error: Exception, search: str | None) -> dict[str, Any]:
    _log.warning("audit_failed", reason=str(error))
    return {"list": [build_unavailable(AUDIT_PATH + (search or ""))], "hidden": True}


PAGE = Page(
    AUDIT_PATH,
    TITLE,
    build_layout,
    add_callbacks,
    icon="audit",
    scope=Scope.ADMIN,
    group="Administration",
)
