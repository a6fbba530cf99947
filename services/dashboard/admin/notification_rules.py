"""Rules that tell about alerts, with how their newest message fared, and the secret that signs webhooks."""

from collections.abc import Callable

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.admin.deliveries import build_state
from dashboard.components.card import build_frame, build_hint
from dashboard.formats import format_minute
from dashboard.guardrails.alerts import build_severity
from dashboard.links import FLAGS_PATH
from viral_contract.models.deliveries import Channel
from viral_contract.models.notifications import NotificationRule, RulesAnswer
from viral_reports.dates import format_day
from viral_reports.figures import format_counted

ActionId = Callable[[str, int], dict[str, str | int]]
CHANNELS: dict[Channel, str] = {"email": "Email", "slack": "Slack", "webhook": "Webhook"}
# Run by a test against calls of the real worker.
VERIFYING_CODE = """import hashlib, hmac, time

def is_genuine(header, body, secret):
    given = dict(part.split("=", 1) for part in header.split(","))
    if abs(time.time() - int(given["t"])) > 300:
        return False  # Too old: somebody may have recorded it.
    message = given["t"].encode() + b"." + body
    expected = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, given["v1"])"""


def build_flag_notice(answer: RulesAnswer) -> list[Component]:
    """Says that nobody is told anything while the flag is off."""
    if answer.switched_on or any(rule.switched_on for rule in answer.rules):
        return []
    text = [
        "Nobody is notified: the flag alert_notifications is off. Alerts still open and close, and test messages are "
        "sent. Switch it on as the page ",
        dcc.Link("Feature flags", href=FLAGS_PATH),
        " says; what happens until then is told to nobody.",
    ]
    return [html.P(text, className="card notice", role="note")]


def build_rules(answer: RulesAnswer, action_id: ActionId) -> list[Component]:
    """One entry a rule, with its buttons."""
    if not answer.rules:
        return [
            html.P("There is no rule yet, so nobody hears of alerts. Add one above.", className="nothing"),
        ]
    total = build_hint(f"{format_counted(answer.total_rules, 'rule')}, by name")
    return [total, html.Ul([_build_rule(rule, action_id) for rule in answer.rules], className="violations rules")]


def _build_rule(rule: NotificationRule, action_id: ActionId) -> Component:
    made = f"since {format_day(rule.created_at.date())}, by {rule.created_by}"
    name = html.Div([html.H3(rule.name), html.P(made, className="row-note"), *_build_off(rule)])
    severities = html.Div([build_severity(severity) for severity in rule.severities], className="rule-severities")
    to = html.Div([severities, html.P(f"{CHANNELS[rule.channel]}: {rule.target}", className="rule-target")])
    return html.Li([name, to, _build_last(rule), _build_actions(rule, action_id)], className="violation")


def _build_off(rule: NotificationRule) -> list[Component]:
    if not rule.enabled:
        return [html.P("Switched off", className="run-reason")]
    return [] if rule.switched_on else [html.P("Silent: its flag is off", className="row-note")]


def _build_last(rule: NotificationRule) -> Component:
    waiting = [html.P(f"{rule.waiting} waiting for the next digest", className="row-note")] if rule.waiting else []
    last = rule.last_message
    if last is None:
        return html.Div([html.Span("Nothing sent yet", className="row-note"), *waiting])
    told = "Test message" if last.is_test else format_counted(last.news, "piece of news", "pieces of news")
    note = f"{told}, {format_minute(last.at)} UTC"
    return html.Div([build_state(last.status, note, last.reason or ""), *waiting])


def _build_actions(rule: NotificationRule, action_id: ActionId) -> Component:
    def build(action: str, label: str) -> Component:
        name = html.Span(f" {rule.name}", className="visually-hidden")
        return html.Button([label, name], id=action_id(action, rule.id), className="button")

    turn = build("off", "Switch off") if rule.enabled else build("on", "Switch on")
    usual = html.Div([build("test", "Send test"), build("edit", "Edit"), turn], className="rule-buttons")
    rare = [build("secret", "New secret")] if rule.channel == "webhook" else []
    more = html.Details(
        [
            html.Summary(["More", html.Span(f" for {rule.name}", className="visually-hidden")]),
            html.Div([*rare, build("delete", "Delete")], className="rule-buttons"),
        ],
        className="resolve",
    )
    return html.Div([usual, more])


def build_secret(rule_name: str, secret: str) -> Component:
    """The secret, which is shown this once, and how a receiver verifies what is signed with it."""
    return build_frame(
        "signing-secret",
        f"Secret of {rule_name}",
        [
            html.P("Copy it now: it is shown only once. Whoever has it can pass for this dashboard.", className="hint"),
            html.Div(
                [
                    html.Code(secret, id="notify-secret-value", className="secret"),
                    dcc.Clipboard(target_id="notify-secret-value", title="Copy the secret", className="copy"),
                ],
                className="secret-row",
            ),
            html.Details(
                [
                    html.Summary("How the receiver verifies a call"),
                    html.P(
                        "Each call has the header X-Viral-Signature, t=<Unix time>,v1=<signature>; in Python, with the "
                        "body as it came:",
                        className="hint",
                    ),
                    html.Pre(VERIFYING_CODE, className="snippet", tabIndex="0"),
                ],
                className="resolve",
            ),
        ],
    )
