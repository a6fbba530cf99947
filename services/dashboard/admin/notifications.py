"""Alert notifications: admins choose who gets which severities, and see whether messages arrived."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from pydantic import ValidationError

from dashboard.admin.deliveries import build_state
from dashboard.components.card import build_hint
from dashboard.components.controls import build_folded, build_select
from dashboard.errors import format_invalid
from dashboard.formats import format_minute
from dashboard.guardrails.alerts import build_severity
from dashboard.links import FLAGS_PATH, NOTIFICATIONS_PATH
from dashboard.lists.page import build_button, build_page, build_save, find_pressed
from dashboard.lists.view import Drawn, Form, ListPage, RefusedError, Wanted, attempt, build_next, build_rows
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.alerts import AlertSeverity
from viral_contract.models.deliveries import Channel, EventType
from viral_contract.models.notifications import ALERT_EVENTS, NotificationRule, RuleRequest, RulesAnswer
from viral_reports.dates import format_day
from viral_reports.figures import format_counted

ROWS = 1000
_SLUG = "notifications"
_FIELDS = ("name", "severities", "channel", "target", "event_types")
_TARGET = "An email address, or the webhook URL for the other channels"
_SEVERITIES: list[str] = list(get_args(AlertSeverity))
_EMPTY: dict[str, Any] = {
    "editing": None,
    "heading": "Add a rule",
    "hint": _TARGET,
    "save": "Add rule",
    "cancel_hidden": True,
    "name": "",
    "severities": ["critical", "high"],
    "channel": "email",
    "target": "",
    "event_types": list(ALERT_EVENTS),
}
_MISSING = {
    ("name", "string_too_short"): "enter a name for the rule",
    ("severities", "too_short"): "choose at least one severity",
    ("event_types", "too_short"): "choose at least one event",
}
_EVENTS: dict[EventType, str] = {
    "alert.opened": "Alert opened",
    "alert.ended": "Alert closed",
    "case.opened": "Case opened",
    "case.decided": "Case decided",
    "conversion.not_credible": "Conversion not credible",
    "report.ready": "Report ready",
    "report.restated": "Report restated",
}
CHANNELS: dict[Channel, str] = {"email": "Email", "slack": "Slack", "webhook": "Webhook"}
# Run by a test against calls of the real worker.
VERIFYING_CODE = """from standardwebhooks import Webhook, WebhookVerificationError

def is_genuine(headers, body, secret):
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False  # Signed by somebody else, changed, or more than 5 minutes old.
    return True"""


def draw(api: MetricsApi, wanted: Wanted) -> Drawn:
    """One entry a rule, with how its newest message fared."""
    answer = api.fetch_notification_rules(limit=ROWS, cursor=wanted.get("cursor"))
    notice = _build_flag_notice(answer)
    about = f"{format_counted(answer.total_rules, 'rule')}, sorted by name"
    more = build_next(NOTIFICATIONS_PATH, wanted, answer.next_cursor, f"{ROWS} rules")
    nothing = "No rules yet, so no one is notified about alerts. Add one above."
    return {"rules": [*notice, *build_rows(about, [_build_rule(rule) for rule in answer.rules], more, nothing)]}


def _build_flag_notice(answer: RulesAnswer) -> list[Component]:
    """Says that no one is notified while the flag is off."""
    if answer.switched_on or any(rule.switched_on for rule in answer.rules):
        return []
    text = [
        "No one is notified: the flag alert_notifications is off. Alerts still open and close, and test messages are "
        "sent. To turn it on, see ",
        dcc.Link("Feature flags", href=FLAGS_PATH),
        ". What happens until then is not sent later.",
    ]
    return [html.P(text, className="notice", role="note")]


def _build_rule(rule: NotificationRule) -> Component:
    made = f"since {format_day(rule.created_at.date())}, by {rule.created_by}"
    name = html.Div([html.H3(rule.name), html.P(made, className="row-note"), *_build_off(rule)])
    severities = html.Div([build_severity(severity) for severity in rule.severities], className="rule-severities")
    to = html.Div(
        [severities, html.P(f"{CHANNELS[rule.channel]}: {rule.target}", className="rule-target"), *_build_events(rule)]
    )
    return html.Li([name, to, _build_last(rule), _build_actions(rule)], className="violation")


def _build_events(rule: NotificationRule) -> list[Component]:
    """What the rule is about, where that is not alerts alone."""
    if set(rule.event_types) == set(ALERT_EVENTS):
        return []
    return [html.P(", ".join(_EVENTS[each] for each in rule.event_types), className="row-note")]


def _build_off(rule: NotificationRule) -> list[Component]:
    if not rule.enabled:
        return [html.P("Off", className="run-reason")]
    return [] if rule.switched_on else [html.P("Muted: its flag is off", className="row-note")]


def _build_last(rule: NotificationRule) -> Component:
    waiting = [html.P(f"{rule.waiting} waiting for the next digest", className="row-note")] if rule.waiting else []
    last = rule.last_message
    if last is None:
        return html.Div([html.Span("Nothing sent yet", className="row-note"), *waiting])
    about = "Test message" if last.is_test else format_counted(last.news, "update")
    note = f"{about}, {format_minute(last.at)} UTC"
    return html.Div([build_state(last.status, note, last.reason or ""), *waiting])


def _build_actions(rule: NotificationRule) -> Component:
    def build(action: str, label: str) -> Component:
        return build_button(_SLUG, action, rule.id, label, f" {rule.name}")

    turn = build("off", "Turn off") if rule.enabled else build("on", "Turn on")
    usual = html.Div([build("test", "Send test"), build("edit", "Edit"), turn], className="rule-buttons")
    rare = [build("secret", "Rotate secret")] if rule.channel == "webhook" else []
    buttons = html.Div([*rare, build("delete", "Delete")], className="rule-buttons")
    return html.Div([usual, build_folded("More", f"for {rule.name}", buttons)])


def _build_secret(rule_name: str, secret: str) -> list[Component]:
    """The secret, which is shown this once, and how a receiver verifies what is signed with it."""
    value = html.Code(secret, id="notifications-secret-value", className="secret")
    copy = dcc.Clipboard(target_id="notifications-secret-value", title="Copy the secret", className="copy")
    header = (
        "Each call follows Standard Webhooks: webhook-id, webhook-timestamp and webhook-signature. In Python, with the "
        "package standardwebhooks and the body as it was received:"
    )
    verify = [html.Summary("How to verify a call"), build_hint(header)]
    parts = [
        html.H2(f"Secret for {rule_name}", className="card-heading"),
        build_hint("Copy it now; it is shown only once. Anyone who has it can impersonate this dashboard."),
        html.Div([value, copy], className="secret-row"),
        html.Details([*verify, html.Pre(VERIFYING_CODE, className="snippet", tabIndex="0")], className="resolve"),
    ]
    return [html.Section(parts, className="card", **{"aria-label": f"Secret for {rule_name}"})]


def _describe_form(rule: NotificationRule) -> dict[str, Any]:
    """The form with what a rule says; the URL of a webhook is not shown, and stays when the field stays empty."""
    return {
        "editing": rule.id,
        "heading": f"Edit {rule.name}",
        "hint": f"Leave it empty to keep {rule.target}",
        "save": "Save changes",
        "cancel_hidden": False,
        "name": rule.name,
        "severities": list(rule.severities),
        "channel": rule.channel,
        "target": rule.target if rule.channel == "email" else "",
        "event_types": list(rule.event_types),
    }


def _build_form() -> list[Component]:
    name = dmc.TextInput(id="notifications-name", label="Name", placeholder="On call")
    severities = dmc.CheckboxGroup(
        id="notifications-severities",
        label="Severities",
        value=_EMPTY["severities"],
        children=dmc.Group([dmc.Checkbox(label=each.capitalize(), value=each) for each in _SEVERITIES], mt=6),
    )
    channel = build_select("notifications-channel", "Channel", CHANNELS, _EMPTY["channel"], w=140)
    target = dmc.TextInput(
        id="notifications-target",
        label="Target",
        description=_TARGET,
        placeholder="ana@example.com",
        className="rule-target-input",
    )
    events = dmc.CheckboxGroup(
        id="notifications-event_types",
        label="Events",
        description="Alerts only, unless the channel is Webhook",
        value=_EMPTY["event_types"],
        children=dmc.Group([dmc.Checkbox(label=label, value=value) for value, label in _EVENTS.items()], mt=6),
    )
    save = build_save(_SLUG, "form", _EMPTY["save"])
    cancel = html.Button("Cancel", id="notifications-cancel", className="button", hidden=True)
    editing = dcc.Store(id="notifications-editing")
    return [editing, html.Div([name, severities, channel, target, events, save, cancel], className="filters")]


LISTED = ListPage(
    path=NOTIFICATIONS_PATH,
    slug=_SLUG,
    title="Notifications",
    about="Who is notified when an alert opens, escalates or closes. No one is notified while someone is handling it.",
    only="Only admins can view and change who is notified.",
    draw=draw,
    cards=(Form("form", _EMPTY["heading"], _build_form), ("rules", "Rules")),
    poll_seconds=5,
)
_CHANGES = {
    "said": Output("notifications-said", "children"),
    "once": Output("notifications-once", "children"),
    "editing": Output("notifications-editing", "data"),
    "heading": Output("notifications-form-heading", "children"),
    "hint": Output("notifications-target", "description"),
    "save": Output("notifications-form-save", "children"),
    "cancel_hidden": Output("notifications-cancel", "hidden"),
    **{name: Output(f"notifications-{name}", "value") for name in _FIELDS},
}
_KEPT = dict.fromkeys(_CHANGES, no_update)


def _add_change(app: Dash, views: SharedViews) -> None:
    """The frame shows the rules; one callback of our own does what the form or a rule's button says."""

    def change(
        saves: dict[str, int | None], presses: list[int | None], editing: int | None, form: dict[str, Any]
    ) -> dict[str, Any]:
        del saves  # Which of them it was is in the context.
        if ctx.triggered_id == "notifications-form-save":
            return {**_KEPT, **save_rule(views.api_of_viewer(), editing, form)}
        if ctx.triggered_id == "notifications-cancel":
            return {**_KEPT, **_EMPTY, "said": ""}
        pressed = find_pressed(presses)
        return {**_KEPT, **(act(views.api_of_viewer(), pressed["action"], pressed["row"]) if pressed else {})}

    app.callback(
        output=_CHANGES,
        inputs={
            "saves": {each: Input(f"notifications-{each}", "n_clicks") for each in ("form-save", "cancel")},
            "presses": Input({"page": _SLUG, "action": ALL, "row": ALL}, "n_clicks"),
            "editing": State("notifications-editing", "data"),
            "form": {name: State(f"notifications-{name}", "value") for name in _FIELDS},
        },
        prevent_initial_call=True,
    )(change)


def save_rule(api: MetricsApi, editing: int | None, form: Mapping[str, Any]) -> dict[str, Any]:
    """Make a rule, or change the one that is edited; a refusal is explained and keeps the form."""
    return attempt(LISTED, lambda: _save(api, editing, form))


def _save(api: MetricsApi, editing: int | None, form: Mapping[str, Any]) -> dict[str, Any]:
    request = _read_form(api, editing, form)
    saved = api.create_notification_rule(request) if editing is None else api.change_notification_rule(editing, request)
    once = _build_secret(saved.name, saved.secret) if saved.secret else []
    return {**_EMPTY, "once": once, "said": f"Saved {saved.name}."}


def act(api: MetricsApi, action: str, rule_id: int) -> dict[str, Any]:
    """Do what a button of a rule says."""
    return attempt(LISTED, lambda: _do(api, action, api.fetch_notification_rule(rule_id)))


def _do(api: MetricsApi, action: str, rule: NotificationRule) -> dict[str, Any]:
    if action == "edit":
        return {**_describe_form(rule), "said": ""}
    if action == "test":
        api.test_notification_rule(rule.id)
        return {"said": f"Test message for {rule.name} is on its way."}
    if action == "secret":
        secret = api.rotate_signing_secret(rule.id).secret
        said = f"{rule.name} has a new secret; the old one no longer works."
        return {"once": _build_secret(rule.name, secret), "said": said}
    if action == "delete":
        api.delete_notification_rule(rule.id)
        return {**_EMPTY, "said": f"Deleted {rule.name}."}
    kept = rule.model_dump(include={"name", "severities", "channel", "event_types"})
    api.change_notification_rule(rule.id, RuleRequest(**kept, enabled=action == "on"))
    return {"said": f"Turned {action} {rule.name}."}


def _read_form(api: MetricsApi, editing: int | None, form: Mapping[str, Any]) -> RuleRequest:
    """What the form says; a rule that is edited stays on or off. Raises RefusedError."""
    enabled = editing is None or api.fetch_notification_rule(editing).enabled
    chosen: Sequence[str] = form["severities"] or []
    try:
        return RuleRequest(
            name=form["name"] or "",
            severities=[each for each in get_args(AlertSeverity) if each in chosen],
            channel=form["channel"],
            target=(form["target"] or "").strip() or None,
            enabled=enabled,
            event_types=form["event_types"] or [],
        )
    except ValidationError as error:
        wrong = error.errors()[0]
        reason = _MISSING.get((str(wrong["loc"][0]), wrong["type"])) or format_invalid(error)
        raise RefusedError(f"Nothing was changed: {reason}.") from error


PAGE = build_page(LISTED, icon="bell", group="Messages", add_own=_add_change)
