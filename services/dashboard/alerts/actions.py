"""What people can do with an alert, each way to end it with what follows from it."""

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

_HOURS = {"1": "1 hour", "24": "1 day", "168": "7 days"}
_ENDS = {
    "alert-resolve": (
        "Resolve",
        "Ends it now. While its cause lasts, the next evaluation opens a new alert.",
    ),
    "alert-resolve-period": (
        "Resolve until the period has passed",
        "Snoozes it until its dates have left the 7 that are evaluated. It ends then, or opens again if there is more.",
    ),
    "alert-false-positive": (
        "Mark as false positive",
        "Needs a note. It stays closed until something new is found, and can be reopened.",
    ),
}


def build_actions() -> Component:
    """The form of an alert that lasts, hidden until it is allowed."""
    note = dmc.Textarea(
        id="alert-note",
        label="Note",
        description="For your colleagues. Required for a false positive.",
        placeholder="What you found",
        autosize=True,
    )
    return html.Section(
        [
            html.H2("What to do", className="card-heading"),
            note,
            _build_keeping(),
            html.H3("End it", className="sub-heading"),
            html.Ul([_build_end(button, *words) for button, words in _ENDS.items()], className="endings"),
        ],
        id="alert-actions",
        className="card actions",
        hidden=True,
    )


def _build_keeping() -> Component:
    hours = [{"value": value, "label": label} for value, label in _HOURS.items()]
    snooze = dmc.Select(id="alert-hours", label="Snooze for", data=hours, value="24", allowDeselect=False, w=140)
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
                "If it was not a false positive, reopen it. Its evidence then opens alerts again.", id="alert-undo-hint"
            ),
            html.Button(
                "Reopen alert", id="alert-reopen", className="button", **{"aria-describedby": "alert-undo-hint"}
            ),
        ],
        id="alert-undo",
        className="card actions",
        hidden=True,
    )
