"""Sending a report by email, which comes with v1.1: the form is there, delivery is a placeholder."""

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

_TOOLTIP = "Email delivery will be available in v1.1. Reports can be viewed in the dashboard."
_DISCLAIMER = (
    "Delivery is a placeholder in this version: a queued email is logged and kept with the report, but never sent."
)


def build_email_section() -> Component:
    """The form with its badge; the button cannot be used until deliveries exist."""
    badge = html.Span(
        "Coming Soon", className="badge", tabIndex="0", role="note", **{"aria-label": f"Coming Soon. {_TOOLTIP}"}
    )
    heading = html.Div(
        [
            html.H2("Email this report", className="card-heading"),
            dmc.Tooltip(
                badge, label=_TOOLTIP, events={"hover": True, "focus": True, "touch": True}, multiline=True, w=260
            ),
        ],
        className="email-head",
    )
    recipients = dmc.TextInput(
        id="report-recipients",
        label="Recipients",
        placeholder="ana@example.com, ben@example.com",
        className="recipients",
    )
    button = html.Button(
        "Queue Email (Placeholder)",
        id="report-queue-email",
        className="button",
        type="button",
        **{"aria-disabled": "true", "aria-describedby": "report-email-disclaimer"},
    )
    return html.Section(
        [
            heading,
            html.P(_DISCLAIMER, id="report-email-disclaimer", className="hint"),
            html.Div([recipients, button], className="action-row"),
        ],
        id="report-email",
        className="card email",
        hidden=True,
    )
