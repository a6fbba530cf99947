"""One alert: what happened, on what evidence, and what people did about it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from dash import Dash, Input, Output, State, ctx, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.alerts.actions import build_actions, build_undo
from dashboard.alerts.detail import ENDED, build_detail
from dashboard.components.card import build_blank
from dashboard.components.messages import build_failure, build_not_found
from dashboard.errors import API_FAILURES, format_failure
from dashboard.links import ALERT_PATH, alert_path
from dashboard.page import Page
from dashboard.period import read_search
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi
from viral_contract.models.alerts import AlertDetail
from viral_contract.models.people import Scope

_SAID = {
    "alert-acknowledge": "Acknowledged.",
    "alert-snooze": "Snoozed.",
    "alert-resolve": "Resolved. A new alert opens if the cause is still there.",
    "alert-resolve-period": "Snoozed until the period has passed.",
    "alert-false-positive": "Marked as a false positive.",
    "alert-reopen": "Reopened.",
}
_WHY = "Add a note explaining why this is a false positive"
_PLACES = {
    "view": ("alert-view", "children"),
    "actions_hidden": ("alert-actions", "hidden"),
    "undo_hidden": ("alert-undo", "hidden"),
}
_KEPT = dict.fromkeys(_PLACES, no_update)
_log = structlog.get_logger()


def build_layout(_settings: DashboardSettings) -> Component:
    """The frame of the page; the actions stand in it from the start, hidden until they are allowed."""
    return html.Div(
        [
            html.Div([build_blank(320)], id="alert-view"),
            build_actions(),
            build_undo(),
            html.P(id="alert-said", className="said", role="status"),
        ]
    )


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """One callback shows the alert; the other does what a button says and shows what came of it."""

    def do(presses: dict[str, Any], note: str | None, hours: str | None, search: str | None) -> dict[str, Any]:
        del presses  # Which of them it was is in the context.
        if ctx.triggered_id not in _SAID:
            raise PreventUpdate
        return act(views.api_of_viewer(), str(ctx.triggered_id), note or "", str(hours), search or "")

    app.callback(
        output={name: Output(*place) for name, place in _PLACES.items()}, inputs={"search": Input("url", "search")}
    )(lambda search: show_alert(views.api_of_viewer(), search))
    app.callback(
        output={
            **{name: Output(*place, allow_duplicate=True) for name, place in _PLACES.items()},
            "said": Output("alert-said", "children"),
            "note": Output("alert-note", "value"),
            "note_error": Output("alert-note", "error"),
        },
        inputs={
            "presses": {button: Input(button, "n_clicks") for button in _SAID},
            "note": State("alert-note", "value"),
            "hours": State("alert-hours", "value"),
            "search": State("url", "search"),
        },
        prevent_initial_call=True,
    )(do)


def show_alert(api: MetricsApi, search: str | None) -> dict[str, Any]:
    """The alert that the address names and whether its actions are hidden, by the names of the callback's outputs."""
    alert_id = _parse_id(search)
    if alert_id is None:
        return _say(build_not_found("Alert"))
    try:
        return _draw(api, api.fetch_alert(alert_id))
    except API_FAILURES as error:
        return _say(build_failure(error, alert_path(alert_id), what="Alert"))


def act(api: MetricsApi, button: str, note: str, hours: str, search: str) -> dict[str, Any]:
    """Do what the button says; a refusal is explained and keeps the note."""
    alert_id = _parse_id(search)
    if alert_id is None:
        return {**_say(build_not_found("Alert")), "said": "", "note": note, "note_error": None}
    if button == "alert-false-positive" and not note.strip():
        said = "Nothing was changed. Add a note explaining why this is a false positive."
        return {**_KEPT, "said": said, "note": note, "note_error": _WHY}
    try:
        shown = _draw(api, _send(api, button, alert_id, note.strip() or None, hours))
    except API_FAILURES as error:
        _log.warning("alert_action_failed", action=button, reason=str(error))
        # Somebody else may have been quicker; without an answer the page stays as it is.
        shown = show_alert(api, search) if isinstance(error, ApiProblemError) else _KEPT
        return {**shown, "said": format_failure(error), "note": note, "note_error": None}
    return {**shown, "said": _SAID[button], "note": "", "note_error": None}


def _send(api: MetricsApi, button: str, alert_id: int, note: str | None, hours: str) -> AlertDetail:
    if button == "alert-acknowledge":
        return api.acknowledge_alert(alert_id, note=note)
    if button == "alert-snooze":
        return api.snooze_alert(alert_id, datetime.now(UTC) + timedelta(hours=int(hours)))
    if button == "alert-reopen":
        return api.reopen_alert(alert_id)
    return api.resolve_alert(
        alert_id,
        note=note,
        false_positive=button == "alert-false-positive",
        until_period_passed=button == "alert-resolve-period",
    )


def _draw(api: MetricsApi, alert: AlertDetail) -> dict[str, Any]:
    may_act = current_viewer().may(Scope.ALERTS_WRITE)
    return {
        "view": html.Div(build_detail(alert, api.fetch_alert_quality(), now=datetime.now(UTC))),
        "actions_hidden": alert.status in ENDED or not may_act,
        "undo_hidden": alert.status != "false_positive" or not may_act,
    }


def _say(message: Component) -> dict[str, Any]:
    return {"view": message, "actions_hidden": True, "undo_hidden": True}


def _parse_id(search: str | None) -> int | None:
    given = read_search(search).get("id", "")
    return int(given) if given.isdecimal() and len(given) < 19 else None


PAGE = Page(ALERT_PATH, "Alert", build_layout, add_callbacks)
