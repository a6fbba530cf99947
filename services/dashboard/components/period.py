"""The choice of a period, which lives in the address of its page; assets/period.js does it in the browser."""

from datetime import UTC, datetime

import dash_mantine_components as dmc
import structlog
from dash import ClientsideFunction, Dash, Input, Output, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.components.controls import build_segments
from dashboard.components.icons import build_icon
from dashboard.errors import API_FAILURES
from dashboard.period import CHOICES, DEFAULT_DAYS
from dashboard.shared_views import SharedViews

_log = structlog.get_logger()
# The keys work while the choice is open.
_PRESETS = {
    "today": ("Today", "D"),
    "yesterday": ("Yesterday", "E"),
    "7": ("Last 7 days", "W"),
    "14": ("Last 14 days", "F"),
    "30": ("Last 30 days", "T"),
    "90": ("Last 90 days", "Q"),
    "month": ("This month", "M"),
    "last-month": ("Last month", "L"),
    "term": ("This term", "S"),
    "custom": ("Custom", "C"),
}


OPTION, NOTHING = "compare", "none"
"""The parameter of the address that says what a period is compared with, and its value for no comparison."""
_COMPARISONS = {"previous": "Previous period", "year": "Year ago", "term": "Term ago", NOTHING: "Nothing"}


def build_period(slug: str, *, compares: bool = False, days: int = DEFAULT_DAYS) -> Component:
    """The choice of some days until today, or of other dates; a page that `compares` shows the period before, too.

    `days` are those of an address that names no period.
    """
    choices = {str(days): f"{days} days" for days in CHOICES}
    segments = build_segments(f"{slug}-period", "Period", choices, str(DEFAULT_DAYS))
    usual = {"data-usual": str(days)}
    term = dcc.Store(id=f"{slug}-term")
    return html.Div([term, segments, _build_popover(slug, compares=compares)], className="period-controls", **usual)


def _build_popover(slug: str, *, compares: bool) -> Component:
    button = html.Button(
        [
            build_icon("calendar"),
            html.Span("Dates", id=f"{slug}-period-dates"),
            *([html.Span(id=f"{slug}-period-compared", className="period-compared")] if compares else []),
        ],
        className="button period-button",
        type="button",
        **{"aria-haspopup": "dialog"},
    )
    return dmc.Popover(
        [
            dmc.PopoverTarget(button),
            dmc.PopoverDropdown(_build_panel(slug, compares=compares), className="period-panel"),
        ],
        id=f"{slug}-period-popover",
        position="bottom-end",
        # They would stand on an element around the button.
        withRoles=False,
        trapFocus=True,
        returnFocus=True,
        withinPortal=False,
        keepMounted=False,
        transitionProps={"duration": 0},
    )


def _build_panel(slug: str, *, compares: bool) -> Component:
    presets = [
        html.Button([word, html.Span(key)], type="button", **{"data-preset": name})
        for name, (word, key) in _PRESETS.items()
    ]
    calendar = dmc.DatePicker(
        id=f"{slug}-dates",
        type="range",
        numberOfColumns=2,
        columnsToScroll=1,
        allowSingleDateInRange=True,
        maxDate=datetime.now(UTC).date().isoformat(),
        weekendDays=[],
        hideOutsideDates=True,
        ariaLabels={"previousMonth": "Previous month", "nextMonth": "Next month"},
    )
    actions = html.Div(
        [
            html.Span(id=f"{slug}-period-draft", className="period-draft", role="status"),
            html.Button("Cancel", className="button", type="button", **{"data-period-action": "cancel"}),
            html.Button("Apply", className="button button-primary", type="button", **{"data-period-action": "apply"}),
        ],
        className="period-actions",
    )
    return html.Div(
        [
            html.Div(presets, className="period-presets", role="group", **{"aria-label": "Presets"}),
            html.Div([calendar, *([_build_comparison()] if compares else []), actions], className="period-calendar"),
        ],
        role="dialog",
        **{"data-period": slug, "aria-label": "Period"},
    )


def _build_comparison() -> Component:
    """What the period is compared with."""
    ways = [
        html.Button(word, type="button", **{"data-compare": name, "aria-pressed": "false"})
        for name, word in _COMPARISONS.items()
    ]
    group = html.Div(ways, className="ways", role="group", **{"aria-label": "Compare with"})
    return html.Div([html.Span("Compare with"), group], className="period-comparison")


def add_period(app: Dash, views: SharedViews, slug: str, *, compares: bool = False) -> None:
    """The browser itself keeps the period in the address; the API knows the term, once the panel is opened."""
    app.callback(Output(f"{slug}-term", "data"), Input(f"{slug}-period-popover", "opened"), prevent_initial_call=True)(
        lambda opened: fetch_term(views) if opened else no_update
    )
    app.clientside_callback(
        ClientsideFunction("period", "noteTerm"), Input(f"{slug}-term", "data"), prevent_initial_call=True
    )
    compared = [Output(f"{slug}-period-compared", "children")] if compares else []
    app.clientside_callback(
        ClientsideFunction("period", "showPeriod"),
        [
            Output(f"{slug}-period", "value"),
            Output(f"{slug}-period-dates", "children"),
            Output(f"{slug}-dates", "value", allow_duplicate=True),
            *compared,
        ],
        [Input("url", "search")],
        prevent_initial_call="initial_duplicate",
    )
    app.clientside_callback(
        ClientsideFunction("period", "chooseDays"), Input(f"{slug}-period", "value"), prevent_initial_call=True
    )
    app.clientside_callback(
        ClientsideFunction("period", "openPanel"),
        Output(f"{slug}-dates", "value"),
        Output(f"{slug}-dates", "numberOfColumns"),
        Output(f"{slug}-dates", "maxDate"),
        Input(f"{slug}-period-popover", "opened"),
    )
    app.clientside_callback(
        ClientsideFunction("period", "draftDates"),
        Output(f"{slug}-period-draft", "children"),
        Input(f"{slug}-dates", "value"),
        prevent_initial_call=True,
    )


def fetch_term(views: SharedViews) -> str | None:
    """The first date of the current term; without it there is no choice of the term."""
    try:
        return views.get("term", lambda api: api.fetch_term().start.isoformat())
    except API_FAILURES as error:
        _log.warning("term_failed", reason=type(error).__name__)
        return None
