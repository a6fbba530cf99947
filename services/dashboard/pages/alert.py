"""One alert: what happened, on what evidence, and what people did about it."""

from datetime import UTC, datetime, timedelta

import dash_mantine_components as dmc
import structlog
from dash import Dash, Input, Output, State, ctx, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.components.alert_detail import build_detail
from dashboard.components.card import build_blank
from dashboard.components.messages import build_not_found, build_unavailable
from dashboard.data import SharedViews
from dashboard.errors import API_FAILURES, format_failure
from dashboard.links import ALERT_PATH, alert_path
from dashboard.pages.page import Page
from dashboard.period import read_search
from dashboard.session import current_viewer
from viral_engine.client import ApiProblemError, MetricsApi
from viral_engine.contract.alerts import AlertDetail
from viral_engine.contract.people import Scope
from viral_engine.settings import DashboardSettings

_HOURS = {"1": "1 hour", "24": "1 day", "168": "7 days"}
_SAID = {
    "alert-acknowledge": "Acknowledged.",
    "alert-snooze": "Snoozed.",
    "alert-resolve": "Resolved.",
    "alert-false-positive": "Marked as a false positive.",
}
_log = structlog.get_logger()


def build_layout(_settings: DashboardSettings) -> Component:
    """The frame of the page; the actions stand in it from the start, hidden until they are allowed."""
    return html.Div(
        [
            html.Div([build_blank(320)], id="alert-view"),
            html.Section(
                [html.H2("What to do", className="card-heading"), *_build_actions()],
                id="alert-actions",
                className="card actions",
                hidden=True,
            ),
            html.P(id="alert-said", className="said", role="status"),
        ]
    )


def _build_actions() -> list[Component]:
    buttons = [
        html.Button("Acknowledge", id="alert-acknowledge", className="button button-primary"),
        html.Button("Snooze", id="alert-snooze", className="button"),
        html.Button("Resolve", id="alert-resolve", className="button"),
        html.Button("False positive", id="alert-false-positive", className="button"),
    ]
    note = dmc.Textarea(id="alert-note", label="Note", placeholder="What you found, for your colleagues", autosize=True)
    hours = [{"value": value, "label": label} for value, label in _HOURS.items()]
    snooze = dmc.Select(id="alert-hours", label="Snooze for", data=hours, value="24", allowDeselect=False, w=140)
    return [note, html.Div([snooze, *buttons], className="action-row")]


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """One callback shows the alert; the other does what a button says and shows what came of it."""

    def show(search: str | None) -> tuple[Component, bool]:
        return show_alert(views.api_of_viewer(), search)

    def do(*given: object) -> tuple[Component, bool, str, str]:
        note, hours, search = given[-3:]
        if ctx.triggered_id not in _SAID:
            raise PreventUpdate
        return act(views.api_of_viewer(), str(ctx.triggered_id), str(note or ""), str(hours), str(search))

    shown = (Output("alert-view", "children"), Output("alert-actions", "hidden"))
    app.callback(*shown, Input("url", "search"))(show)
    app.callback(
        Output("alert-view", "children", allow_duplicate=True),
        Output("alert-actions", "hidden", allow_duplicate=True),
        Output("alert-said", "children"),
        Output("alert-note", "value"),
        *(Input(button, "n_clicks") for button in _SAID),
        State("alert-note", "value"),
        State("alert-hours", "value"),
        State("url", "search"),
        prevent_initial_call=True,
    )(do)


def show_alert(api: MetricsApi, search: str | None) -> tuple[Component, bool]:
    """The alert that the address names, and whether its actions are hidden."""
    alert_id = _parse_id(search)
    if alert_id is None:
        return build_not_found("alert"), True
    try:
        return _draw(api, api.fetch_alert(alert_id))
    except ApiProblemError as error:
        if error.status == 404:
            return build_not_found("alert"), True
        return build_unavailable(alert_path(alert_id)), True
    except API_FAILURES:
        return build_unavailable(alert_path(alert_id)), True


def act(api: MetricsApi, button: str, note: str, hours: str, search: str) -> tuple[Component, bool, str, str]:
    """Do what the button says; a refusal is told in the API's own words and keeps the note."""
    alert_id = _parse_id(search)
    if alert_id is None:
        return build_not_found("alert"), True, "", note
    try:
        view, hidden = _draw(api, _send(api, button, alert_id, note.strip() or None, hours))
    except API_FAILURES as error:
        _log.warning("alert_action_failed", action=button, reason=str(error))
        # Somebody else may have been quicker; without an answer the page stays as it is.
        is_refused = isinstance(error, ApiProblemError)
        view, hidden = show_alert(api, search) if is_refused else (no_update, no_update)
        return view, hidden, format_failure(error), note
    return view, hidden, _SAID[button], ""


def _send(api: MetricsApi, button: str, alert_id: int, note: str | None, hours: str) -> AlertDetail:
    if button == "alert-acknowledge":
        return api.acknowledge_alert(alert_id, note=note)
    if button == "alert-snooze":
        return api.snooze_alert(alert_id, datetime.now(UTC) + timedelta(hours=int(hours)))
    return api.resolve_alert(alert_id, note=note, false_positive=button == "alert-false-positive")


def _draw(api: MetricsApi, alert: AlertDetail) -> tuple[Component, bool]:
    may_act = current_viewer().may(Scope.ALERTS_WRITE)
    ended = alert.status in ("resolved", "false_positive")
    return html.Div(build_detail(alert, api.fetch_alert_quality(), now=datetime.now(UTC))), ended or not may_act


def _parse_id(search: str | None) -> int | None:
    given = read_search(search).get("id", "")
    return int(given) if given.isdecimal() and len(given) < 19 else None


PAGE = Page(ALERT_PATH, "Alert", build_layout, add_callbacks)
