"""The history of alerts: those that ended and those that last, filtered by the address."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import dash_mantine_components as dmc
import structlog
from dash import Dash, Input, Output, html
from dash.development.base_component import Component

from dashboard.alerts.history import STATUSES, build_list, format_found
from dashboard.components.address_controls import control_id
from dashboard.components.card import build_blank
from dashboard.components.dates import build_day
from dashboard.components.filter_form import FilterForm
from dashboard.components.messages import build_failure
from dashboard.components.page_header import build_page_header
from dashboard.components.table import build_way_on
from dashboard.data import SharedViews
from dashboard.errors import API_FAILURES, is_refused
from dashboard.guardrails.alerts import TITLES
from dashboard.links import ALERTS_PATH
from dashboard.page import Page
from dashboard.period import read_search
from dashboard.settings import DashboardSettings
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.period import MAX_DAYS

TITLE = "Alert history"
ROWS = 50
ANY = "any"
_PAGE = "alerts"
_DEFAULTS = {"status": "all", "type": ANY, "q": "", "start": None, "end": None}
_log = structlog.get_logger()


def build_layout(_settings: DashboardSettings) -> Component:
    """The frame of the page; only what is listed changes."""
    summary = html.P("Past and current alerts, and the actions taken on them")
    return html.Div(
        [
            build_page_header(TITLE, "", [summary]),
            html.Div(
                [
                    html.Section(FILTERS.build(), id="alerts-filter", className="card"),
                    html.Section(
                        [
                            html.H2("Alerts", className="card-heading"),
                            html.P(id="alerts-found", className="hint", role="status"),
                            html.Div([build_blank(480)], id="alerts-list"),
                        ],
                        className="card",
                    ),
                ],
                className="stack",
            ),
        ]
    )


def _build_controls() -> list[Component]:
    return [
        _build_choice("status", "Status", STATUSES),
        _build_choice("type", "Type", {ANY: "All", **TITLES}),
        build_day(control_id(_PAGE, "start"), "From (UTC)", "Any date"),
        build_day(control_id(_PAGE, "end"), "To (UTC)", "Any date"),
        dmc.TextInput(id=control_id(_PAGE, "q"), label="Text", placeholder="Message, note or name", className="filter"),
    ]


def _build_choice(name: str, label: str, words: dict[Any, str]) -> Component:
    choices = [{"value": value, "label": said} for value, said in words.items()]
    return dmc.Select(
        id=control_id(_PAGE, name),
        label=label,
        data=choices,
        value=_DEFAULTS[name],
        allowDeselect=False,
        className="filter",
    )


FILTERS = FilterForm(_PAGE, ALERTS_PATH, _DEFAULTS, ("q",), _build_controls)


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """The address fills in the filter and the list."""
    app.callback(
        output={
            "list": Output("alerts-list", "children"),
            "found": Output("alerts-found", "children"),
            "hidden": Output("alerts-filter", "hidden"),
        },
        inputs={"search": Input("url", "search")},
    )(lambda search: show_alerts(views.api_of_viewer(), search))
    FILTERS.add_callbacks(app)


def build_query(filters: dict[str, str], *, today: date) -> dict[str, str]:
    """The filters as the API takes them: it wants both dates, of which people may leave one open."""
    query = {"status": "all", **filters}
    try:
        if "start" in query and "end" not in query:
            query["end"] = max(today, date.fromisoformat(query["start"])).isoformat()
        elif "end" in query and "start" not in query:
            query["start"] = (date.fromisoformat(query["end"]) - timedelta(days=MAX_DAYS - 1)).isoformat()
    except (ValueError, OverflowError):
        # The API says in words what is wrong with a date.
        return query
    return query


def show_alerts(api: MetricsApi, search: str | None) -> dict[str, Any]:
    """The alerts that the address names, and whether the filter is hidden, as it is where it would show what is not."""
    filters = FILTERS.parse(search)
    cursor = read_search(search).get("cursor")
    query = build_query(filters, today=datetime.now(UTC).date())
    try:
        answer = api.fetch_alerts(**query, cursor=cursor, limit=ROWS)
    except API_FAILURES as error:
        if not is_refused(error):
            _log.warning("alert_history_failed", reason=str(error))
        return {"list": [build_failure(error, ALERTS_PATH + (search or ""))], "found": "", "hidden": True}
    more = []
    if answer.next_cursor:
        more = [build_way_on(ALERTS_PATH, {**filters, "cursor": answer.next_cursor}, f"{ROWS} alerts")]
    return {"list": [*build_list(answer, filters), *more], "found": format_found(answer, filters), "hidden": False}


PAGE = Page(ALERTS_PATH, TITLE, build_layout, add_callbacks)
