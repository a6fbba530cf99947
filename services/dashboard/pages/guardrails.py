"""The guardrails page: the score, what lowers it, and the traffic behind it."""

from typing import Any

import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from dashboard.components.card import body_id, build_skeleton
from dashboard.components.messages import NO_DATA_PROBLEM
from dashboard.data import SharedViews
from dashboard.pages.guardrails_view import CARDS, PATH, refresh
from dashboard.pages.page import Page
from dashboard.period import CHOICES, DEFAULT_DAYS
from viral_engine.settings import DashboardSettings


def build_layout(settings: DashboardSettings) -> Component:
    """The page before its first data."""
    seconds = settings.dashboard_refresh_seconds
    return html.Div(
        [
            dcc.Interval(id="clock", interval=seconds * 1000),
            dcc.Store(id="tick"),
            dcc.Store(id="shown"),
            html.Header(
                [html.Div([html.H1("Guardrails"), html.Div(id="summary", className="summary")]), _build_controls()],
                className="page-header",
            ),
            html.P(NO_DATA_PROBLEM, id="refresh-problem", className="refresh-problem", role="alert", hidden=True),
            html.Div(id="notice"),
            html.Div([build_skeleton(card) for card in CARDS], id="cards", className="cards"),
        ]
    )


def _build_controls() -> Component:
    period = dmc.SegmentedControl(
        id="period",
        data=[{"value": str(days), "label": f"{days} days"} for days in CHOICES],
        value=str(DEFAULT_DAYS),
        className="period",
        **{"aria-label": "Period"},
    )
    dates = dmc.DatePickerInput(
        id="dates",
        type="range",
        placeholder="Custom dates",
        valueFormat="D MMM YYYY",
        clearable=True,
        clearButtonProps={"aria-label": "Clear the custom dates"},
        allowSingleDateInRange=True,
        weekendDays=[],
        hideOutsideDates=True,
        ariaLabels={"previousMonth": "Previous month", "nextMonth": "Next month"},
        # Its role would refer to a label that is not there.
        popoverProps={"withRoles": False, "withinPortal": False},
        leftSection=html.Span(className="icon icon-calendar"),
        className="dates",
    )
    icon = html.Span(className="icon icon-refresh", **{"aria-hidden": "true"})
    return html.Div(
        [period, dates, html.Button([icon, "Refresh"], id="refresh", className="button")], className="controls"
    )


def add_callbacks(app: Dash, views: SharedViews, settings: DashboardSettings) -> None:
    """One callback brings the data; the browser itself decides when, and keeps the period in the address."""

    def refresh_page(tick: float | None, search: str | None, shown: dict[str, Any] | None) -> dict[str, Any]:
        del tick  # The reason to refresh, which needs no answer.
        return refresh(views, settings.dashboard_refresh_seconds, search, shown)

    app.callback(
        output={
            "summary": Output("summary", "children"),
            "bodies": [Output(body_id(card.slug), "children") for card in CARDS],
            "cards_hidden": Output("cards", "hidden"),
            "notice": Output("notice", "children"),
            "problem": Output("refresh-problem", "children"),
            "problem_hidden": Output("refresh-problem", "hidden"),
            "shown": Output("shown", "data"),
        },
        inputs={"tick": Input("tick", "data"), "search": Input("url", "search"), "shown": State("shown", "data")},
    )(refresh_page)
    _add_browser_callbacks(app)


def _add_browser_callbacks(app: Dash) -> None:
    app.clientside_callback(
        ClientsideFunction("dashboard", "tick"),
        Output("tick", "data"),
        Input("clock", "n_intervals"),
        Input("refresh", "n_clicks"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("dashboard", "showPeriod"),
        Output("period", "value"),
        Output("dates", "value"),
        Input("url", "search"),
    )
    app.clientside_callback(
        ClientsideFunction("dashboard", "choosePeriod"),
        Input("period", "value"),
        Input("dates", "value"),
        prevent_initial_call=True,
    )


PAGE = Page(PATH, "Guardrails", build_layout, add_callbacks, icon="shield")
