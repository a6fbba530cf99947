"""The small form that confirms a verdict: one for all pages, opened by assets/cases.js beside the buttons."""

from datetime import UTC, datetime
from typing import Any

import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.cases.deciding import ask, save, undo
from dashboard.cases.words import REASONS
from dashboard.components.controls import build_select
from dashboard.shared_views import SharedViews

UNTIL = {"none": "No end", "30": "30 days", "90": "90 days", "180": "180 days"}
_SAVE = "verdict-save"


def build_verdict_form() -> list[Component]:
    """The form, hidden until somebody is about to decide, and where it is said what came of it."""
    reasons = {reason: reason for reasons in REASONS.values() for reason in reasons}
    title = html.H2(id="verdict-title", className="card-heading")
    form = html.Div(
        [
            title,
            build_select("verdict-reason", "Reason", reasons),
            dmc.TextInput(id="verdict-note", label="Note (optional)"),
            build_select("verdict-until", "Until", UNTIL),
            html.P(id="verdict-consequence", className="hint"),
            html.P(id="verdict-problem", className="verdict-problem", role="alert"),
            html.Div(
                [
                    html.Button("Mark", id=_SAVE, className="button button-primary", type="button"),
                    html.Button("Cancel", id="verdict-cancel", className="button", type="button"),
                ],
                className="verdict-actions",
            ),
        ],
        id="verdict-panel",
        className="verdict-panel",
        hidden=True,
        role="dialog",
        **{"aria-labelledby": "verdict-title"},
    )
    stores = [dcc.Store(id=name) for name in ("verdict-asked", "verdict-opened", "verdict-undone", "verdict-done")]
    # On every page, so that the page's own status is the only one until something is announced.
    toasts = html.Div(id="verdict-toast", className="toasts", **{"aria-live": "polite"})
    return [*stores, form, toasts]


def add_verdict_callbacks(app: Dash, views: SharedViews) -> None:
    """The server says what would follow, saves and undoes; the browser opens and closes the form."""
    _add_asking(app, views)
    _add_saving(app, views)
    app.clientside_callback(ClientsideFunction("cases", "openForm"), Input("verdict-opened", "data"))
    app.clientside_callback(ClientsideFunction("cases", "showDone"), Input("verdict-done", "data"))


def _add_asking(app: Dash, views: SharedViews) -> None:
    def describe(asked: dict[str, Any] | None) -> dict[str, Any]:
        return ask(views.api_of_viewer(), asked, now=datetime.now(UTC)) if asked else _keep(asking)

    asking = {
        "title": Output("verdict-title", "children"),
        "reasons": Output("verdict-reason", "data"),
        "reason": Output("verdict-reason", "value"),
        "note": Output("verdict-note", "value"),
        "until": Output("verdict-until", "value"),
        "consequence": Output("verdict-consequence", "children"),
        "problem": Output("verdict-problem", "children"),
        "save": Output(_SAVE, "children"),
        "opened": Output("verdict-opened", "data"),
    }
    app.callback(output=asking, inputs={"asked": Input("verdict-asked", "data")}, prevent_initial_call=True)(describe)


def _add_saving(app: Dash, views: SharedViews) -> None:
    def act(press: int | None, enter: int | None, undone: dict[str, Any] | None, **given: Any) -> dict[str, Any]:
        del press, enter  # Which of them it was is in the context.
        api, now = views.api_of_viewer(), datetime.now(UTC)
        if ctx.triggered_id == "verdict-undone":
            return {"problem": "", **undo(api, undone)} if undone else _keep(acting)
        return save(api, now=now, **given) if given["opened"] else _keep(acting)

    acting = {
        "done": Output("verdict-done", "data"),
        "toast": Output("verdict-toast", "children"),
        "problem": Output("verdict-problem", "children", allow_duplicate=True),
    }
    app.callback(
        output=acting,
        inputs={
            "press": Input(_SAVE, "n_clicks"),
            "enter": Input("verdict-note", "n_submit"),
            "undone": Input("verdict-undone", "data"),
            "opened": State("verdict-opened", "data"),
            "reason": State("verdict-reason", "value"),
            "note": State("verdict-note", "value"),
            "until": State("verdict-until", "value"),
        },
        running=[(Output(_SAVE, "disabled"), True, False)],
        prevent_initial_call=True,
    )(act)


def _keep(outputs: dict[str, Any]) -> dict[str, Any]:
    return dict.fromkeys(outputs, no_update)
