"""The choice of a period, which lives in the address of its page."""

from dash import ClientsideFunction, Dash, Input, Output, html
from dash.development.base_component import Component

from dashboard.components.controls import build_segments
from dashboard.components.dates import build_dates
from dashboard.period import CHOICES, DEFAULT_DAYS


def build_period(slug: str) -> Component:
    """The choice of some days until today, or of dates."""
    choices = {str(days): f"{days} days" for days in CHOICES}
    segments = build_segments(f"{slug}-period", "Period", choices, str(DEFAULT_DAYS))
    return html.Div([segments, build_dates(f"{slug}-dates")], className="period-controls")


def add_period(app: Dash, slug: str) -> None:
    """The browser itself keeps the period in the address."""
    app.clientside_callback(
        ClientsideFunction("dashboard", "showPeriod"),
        Output(f"{slug}-period", "value"),
        Output(f"{slug}-dates", "value"),
        Input("url", "search"),
    )
    app.clientside_callback(
        ClientsideFunction("dashboard", "choosePeriod"),
        Input(f"{slug}-period", "value"),
        Input(f"{slug}-dates", "value"),
        prevent_initial_call=True,
    )
