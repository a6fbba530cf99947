"""Sending a report by email: the form, and its words while delivery is a placeholder and once it is not."""

from collections.abc import Sequence

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from viral_contract.client.metrics_api import ApiProblemError
from viral_contract.models.deliveries import DeliveriesAnswer, DeliveryState
from viral_reports.figures import format_counted

QUEUED_PLACEHOLDER = "Email queued for future delivery (placeholder)"
_TOOLTIP = "Email delivery will be available in v1.1. Reports can be viewed in the dashboard."
_PLACEHOLDER = (
    "Delivery is a placeholder in this version: a queued email is logged and kept with the report, but never sent."
)
_ENABLED = "Each recipient gets a separate email with the report's figures and charts."
REFUSED = "Only analysts and admins can send reports. Ask one of them."
_NEVER_SENT: tuple[DeliveryState, ...] = ("placeholder", "suppressed", "cancelled")
_EMAIL_PREFIX = "value is not a valid email address: "


def build_email_section() -> Component:
    """The frame, hidden until the report is ready, its form until `describe_form` says what is in it."""
    heading_id = "report-email-heading"
    return html.Section(
        [
            dcc.Store(id="report-email-shown"),
            html.Div(
                [html.H2("Email this report", id=heading_id, className="card-heading"), _build_badge()],
                className="email-head",
            ),
            html.Div(
                [
                    html.P(id="report-email-about", className="hint"),
                    html.Div([_build_recipients(), _build_button()], className="action-row"),
                    html.P(REFUSED, id="report-email-refused", className="hint", hidden=True),
                ],
                id="report-email-form",
                hidden=True,
            ),
            html.P(id="report-email-said", className="said", role="status"),
            html.P(
                "Could not load deliveries. Trying again.",
                id="report-email-problem",
                className="refresh-problem",
                role="alert",
                hidden=True,
            ),
            html.Div(id="report-deliveries", className="deliveries"),
        ],
        id="report-email",
        className="card email",
        hidden=True,
        **{"aria-labelledby": heading_id},
    )


def _build_badge() -> Component:
    badge = html.Span(
        "Coming Soon", className="badge", tabIndex="0", role="note", **{"aria-label": f"Coming Soon. {_TOOLTIP}"}
    )
    tooltip = dmc.Tooltip(
        badge, label=_TOOLTIP, events={"hover": True, "focus": True, "touch": True}, multiline=True, w=260
    )
    return html.Div(tooltip, id="report-email-badge", hidden=True)


def _build_recipients() -> Component:
    return dmc.Textarea(
        id="report-recipients",
        label="Recipients",
        description="Separate addresses with commas, semicolons or new lines",
        placeholder="ana@example.com, ben@example.com",
        autosize=True,
        maxRows=8,
        className="recipients",
    )


def _build_button() -> Component:
    return html.Button(
        id="report-queue-email",
        className="button",
        type="button",
        **{"aria-disabled": "true", "aria-describedby": "report-email-about report-email-refused"},
    )


def describe_form(*, enabled: bool, may_send: bool) -> dict[str, object]:
    """What the form says and allows, by the names of the callback's outputs."""
    return {
        "form_hidden": False,
        "badge_hidden": enabled,
        "about": _ENABLED if enabled else _PLACEHOLDER,
        "button": "Send report" if enabled else "Queue Email (Placeholder)",
        "button_class": "button button-primary" if enabled and may_send else "button",
        "button_off": str(not may_send).lower(),
        "recipients_off": not may_send,
        "refused_hidden": may_send,
    }


def format_queued(answer: DeliveriesAnswer) -> str:
    """The result of a request: how many recipients it will reach, and how many it will not."""
    if not answer.email_enabled:
        return QUEUED_PLACEHOLDER
    left_out = sum(delivery.status in _NEVER_SENT for delivery in answer.deliveries)
    queued = len(answer.deliveries) - left_out
    said = f"Queued for {format_counted(queued, 'recipient')}." if queued else "Nothing was queued."
    if not left_out:
        return said
    return f"{said} {format_counted(left_out, 'recipient')} won't get it. See the list for reasons."


def build_refusal(error: ApiProblemError, addresses: Sequence[str], done: str = "queued") -> list[Component | str]:
    """Why nothing was `done`: each address that cannot be used, and what is wrong with it."""
    wrong = [_format_wrong(each["pointer"], each["detail"], addresses) for each in error.errors if each.get("pointer")]
    if not wrong:
        return [f"Nothing was {done}: {error.detail}"]
    return [f"Nothing was {done}. Please fix:", html.Ul([html.Li(words) for words in wrong], className="wrong")]


def _format_wrong(pointer: str, detail: str, addresses: Sequence[str]) -> str:
    place = pointer.rpartition("/")[2]
    if place.isdecimal() and int(place) < len(addresses):
        return f"“{addresses[int(place)]}”: {detail.removeprefix(_EMAIL_PREFIX)}"
    return f"Recipients {detail}"
