"""What people can do with an alert, each way to end it with what follows from it."""

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard.components.controls import build_select

_HOURS = {"1": "1 hour", "24": "1 day", "168": "7 days"}
_ENDS = {
    "alert-resolve": (
        "Resolve",
        "Closes the alert now. If the cause is still there, the next evaluation opens a new one.",
    ),
    "alert-resolve-period": (
        "Resolve until the period has passed",
        "Snoozes the alert until its dates are outside the 7 days evaluated. It resolves then, or reopens if there is "
        "more.",
    ),
    "alert-false-positive": (
        "Mark as false positive",
        "Requires a note. The alert stays closed until something new is found. You can reopen it.",
    ),
}


def build_actions() -> Component:
    """The form of an alert that lasts, hidden until it is allowed."""
    note = dmc.Textarea(
        id="alert-note",
        label="Note",
        description="Visible to your team. Required for false positives.",
        placeholder="What did you find?",
        autosize=True,
    )
    return html.Section(
        [
            html.H2("Take action", className="card-heading"),
            note,
            _build_keeping(),
            html.H3("Close alert", className="sub-heading"),
            html.Ul([_build_end(button, *words) for button, words in _ENDS.items()], className="endings"),
        ],
        id="alert-actions",
        className="card actions",
        hidden=True,
    )


def _build_keeping() -> Component:
    snooze = build_select("alert-hours", "Snooze for", _HOURS, "24", w=140)
    return html.Div(
        [
            html.Button("Acknowledge", id="alert-acknowledge", className="button button-primary"),
            snooze,
            html.Button("Snooze", id="alert-snooze", className="button"),
        ],
        className="action-row",
    )


def _build_end(button: str, label: str, consequence: str) -> Component:
    described = f"{button}-consequence"
    return html.Li(
        [
            html.Button(label, id=button, className="button", **{"aria-describedby": described}),
            html.Span(consequence, id=described, className="row-note"),
        ],
        className="ending",
    )


def build_undo() -> Component:
    """The way back from a false positive, hidden unless there is one."""
    return html.Section(
        [
            html.H2("Undo", className="card-heading"),
            html.P(
                "Not a false positive after all? Reopen it, and its evidence can trigger alerts again.",
                id="alert-undo-hint",
            ),
            html.Button(
                "Reopen alert", id="alert-reopen", className="button", **{"aria-describedby": "alert-undo-hint"}
            ),
        ],
        id="alert-undo",
        className="card actions",
        hidden=True,
    )
