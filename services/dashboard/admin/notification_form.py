"""The frame of the page of notifications, and the form by which a rule is made or changed."""

from typing import Any, get_args

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.admin.notification_rules import CHANNELS
from dashboard.components.card import build_blank
from dashboard.components.page_header import build_page_header
from dashboard.live.page import build_clock
from dashboard.settings import DashboardSettings
from viral_contract.models.alerts import AlertSeverity
from viral_contract.models.notifications import NotificationRule

FIELDS = {
    "name": "notify-name",
    "severities": "notify-severities",
    "channel": "notify-channel",
    "target": "notify-target",
}
POLL_SECONDS = 5
_WHY = "Who is told when an alert opens, gets worse or ends. Nobody is told while somebody has taken it up."
_NEW = "An email address for email; the URL of the webhook for the others"
_SEVERITIES: list[str] = list(get_args(AlertSeverity))
EMPTY: dict[str, Any] = {
    "editing": None,
    "heading": "Add a rule",
    "hint": _NEW,
    "save": "Add rule",
    "cancel_hidden": True,
    "name": "",
    "severities": ["critical", "high"],
    "channel": "email",
    "target": "",
}


def describe_form(rule: NotificationRule) -> dict[str, Any]:
    """The form with what a rule says; the URL of a webhook is not shown, and stays when the field stays empty."""
    return {
        "editing": rule.id,
        "heading": f"Change {rule.name}",
        "hint": f"Leave it empty to keep {rule.target}",
        "save": "Save changes",
        "cancel_hidden": False,
        "name": rule.name,
        "severities": list(rule.severities),
        "channel": rule.channel,
        "target": rule.target if rule.channel == "email" else "",
    }


def build_layout(_settings: DashboardSettings) -> Component:
    """The frame of the page; the form stands in it from the start, hidden until it is allowed."""
    form = html.Section(
        [html.H2(EMPTY["heading"], id="notify-form-heading", className="card-heading"), *_build_form()],
        id="notify-form",
        className="card",
        hidden=True,
    )
    problem = html.P(
        "Could not refresh the rules. Trying again.",
        id="notify-refresh-problem",
        className="refresh-problem",
        role="alert",
        hidden=True,
    )
    parts = [
        html.Div(id="notify-notice"),
        form,
        html.P(id="notify-said", className="said", role="status"),
        html.Div(id="notify-secret"),
        html.Div([html.Div(build_blank(240), className="card")], id="notify-rules"),
    ]
    return html.Div(
        [
            *build_clock("notify", POLL_SECONDS),
            dcc.Store(id="notify-shown"),
            dcc.Store(id="notify-editing"),
            build_page_header("Notifications", "", [html.P(_WHY)], above=None),
            problem,
            html.Div(parts, className="stack notifications"),
        ]
    )


def _build_form() -> list[Component]:
    name = dmc.TextInput(id="notify-name", label="Name", placeholder="On call")
    severities = dmc.CheckboxGroup(
        id="notify-severities",
        label="Severities",
        value=EMPTY["severities"],
        children=dmc.Group([dmc.Checkbox(label=each.capitalize(), value=each) for each in _SEVERITIES], mt=6),
    )
    channel = dmc.Select(
        id="notify-channel",
        label="Channel",
        data=[{"value": value, "label": label} for value, label in CHANNELS.items()],
        value=EMPTY["channel"],
        allowDeselect=False,
        w=140,
    )
    target = dmc.TextInput(
        id="notify-target",
        label="Target",
        description=_NEW,
        placeholder="ana@example.com",
        className="rule-target-input",
    )
    save = html.Button(EMPTY["save"], id="notify-save", className="button button-primary")
    cancel = html.Button("Cancel", id="notify-cancel", className="button", hidden=True)
    return [html.Div([name, severities, channel, target, save, cancel], className="filters")]
