"""Alert notifications: admins say which severities are told to whom, and see whether it arrived."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import structlog
from dash import ALL, Dash, Input, Output, State, ctx, no_update
from pydantic import ValidationError

from dashboard.admin.notification_form import EMPTY, FIELDS, build_layout, describe_form
from dashboard.admin.notification_rules import build_flag_notice, build_rules, build_secret
from dashboard.components.buttons import find_pressed
from dashboard.components.card import build_frame
from dashboard.components.messages import build_unavailable
from dashboard.data import SharedViews
from dashboard.digest import find_digest
from dashboard.errors import API_FAILURES, format_failure, format_invalid
from dashboard.links import NOTIFICATIONS_PATH
from dashboard.live.page import add_tick
from dashboard.page import Page
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.alerts import AlertSeverity
from viral_contract.models.notifications import NotificationRule, RuleRequest
from viral_contract.models.people import Scope

TITLE = "Notifications"
_MOST_RULES = 1000
_MISSING = {
    ("name", "string_too_short"): "give the rule a name",
    ("severities", "too_short"): "choose at least one severity",
}
_log = structlog.get_logger()
_CHANGES = {
    "said": Output("notify-said", "children"),
    "secret": Output("notify-secret", "children"),
    "editing": Output("notify-editing", "data"),
    "heading": Output("notify-form-heading", "children"),
    "hint": Output("notify-target", "description"),
    "save": Output("notify-save", "children"),
    "cancel_hidden": Output("notify-cancel", "hidden"),
    **{name: Output(at, "value") for name, at in FIELDS.items()},
}


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """One callback shows the rules, one does what the form or a rule's button says."""
    _add_show(app, views)
    _add_change(app, views)


def _add_show(app: Dash, views: SharedViews) -> None:
    def show(tick: float | None, said: str | None, shown: int | None) -> dict[str, Any]:
        del tick, said  # Reasons to look again, which need no answer.
        return show_rules(views.api_of_viewer(), shown)

    add_tick(app, "notify")
    app.callback(
        output={
            "rules": Output("notify-rules", "children"),
            "notice": Output("notify-notice", "children"),
            "hidden": Output("notify-form", "hidden"),
            "shown": Output("notify-shown", "data"),
            "problem_hidden": Output("notify-refresh-problem", "hidden"),
            "rests": Output("notify-clock", "disabled"),
        },
        inputs={
            "tick": Input("notify-tick", "data"),
            "said": Input("notify-said", "children"),
            "shown": State("notify-shown", "data"),
        },
    )(show)


def _add_change(app: Dash, views: SharedViews) -> None:
    def change(
        save: int | None, cancel: int | None, presses: list[int | None], editing: int | None, form: dict[str, Any]
    ) -> dict[str, Any]:
        del save, cancel
        if ctx.triggered_id == "notify-save":
            return save_rule(views.api_of_viewer(), editing, form)
        if ctx.triggered_id == "notify-cancel":
            return {**_keep(), **EMPTY, "said": ""}
        pressed = find_pressed(presses)
        if pressed is None:
            return _keep()
        return act(views.api_of_viewer(), pressed["action"], pressed["rule"])

    app.callback(
        output=_CHANGES,
        inputs={
            "save": Input("notify-save", "n_clicks"),
            "cancel": Input("notify-cancel", "n_clicks"),
            "presses": Input({"page": "notifications", "action": ALL, "rule": ALL}, "n_clicks"),
            "editing": State("notify-editing", "data"),
            "form": {name: State(at, "value") for name, at in FIELDS.items()},
        },
        prevent_initial_call=True,
    )(change)


def show_rules(api: MetricsApi, shown: int | None) -> dict[str, Any]:
    """The rules, whether the form is hidden, and whether the page rests; a failed refresh leaves what is there."""
    try:
        if not current_viewer().may(Scope.ADMIN):
            sentence = "Only admins see and change who is notified. Ask one of them."
            return _replace(sentence, shown=None, rests=True)
        answer = api.fetch_notification_rules(limit=_MOST_RULES)
    except API_FAILURES as error:
        _log.warning("notification_rules_failed", reason=str(error))
        if shown is None:
            return _replace([build_unavailable(NOTIFICATIONS_PATH)], shown=None, rests=False)
        kept = dict.fromkeys(("rules", "notice", "hidden", "shown"), no_update)
        return {**kept, "problem_hidden": False, "rests": False}
    view = [build_frame("rules", "Rules", build_rules(answer, _action_id))]
    digest = find_digest(view)
    return {
        **_replace(no_update if digest == shown else view, shown=digest, rests=False),
        "notice": build_flag_notice(answer),
        "hidden": False,
    }


def save_rule(api: MetricsApi, editing: int | None, form: Mapping[str, Any]) -> dict[str, Any]:
    """Make a rule, or change the one that is edited; a refusal is told in words and keeps the form."""
    try:
        request = _read_form(api, editing, form)
        saved = (
            api.create_notification_rule(request) if editing is None else api.change_notification_rule(editing, request)
        )
    except ValidationError as error:
        return {**_keep(), "said": f"Nothing was changed: {_explain(error)}."}
    except API_FAILURES as error:
        _log.warning("notification_rule_failed", reason=str(error))
        return {**_keep(), "said": format_failure(error)}
    secret = [build_secret(saved.name, saved.secret)] if saved.secret else []
    return {**_keep(), **EMPTY, "secret": secret, "said": f"Saved {saved.name}."}


def act(api: MetricsApi, action: str, rule_id: int) -> dict[str, Any]:
    """Do what a button of a rule says."""
    try:
        rule = api.fetch_notification_rule(rule_id)
        return {**_keep(), **_do(api, action, rule)}
    except API_FAILURES as error:
        _log.warning("notification_action_failed", action=action, reason=str(error))
        return {**_keep(), "said": format_failure(error)}


def _do(api: MetricsApi, action: str, rule: NotificationRule) -> dict[str, Any]:
    if action == "edit":
        return {**describe_form(rule), "said": ""}
    if action == "test":
        api.test_notification_rule(rule.id)
        return {"said": f"A test message of {rule.name} is on its way."}
    if action == "secret":
        secret = api.rotate_signing_secret(rule.id).secret
        said = f"{rule.name} signs with a new secret; the old one is worth nothing any more."
        return {"secret": [build_secret(rule.name, secret)], "said": said}
    if action == "delete":
        api.delete_notification_rule(rule.id)
        return {**EMPTY, "said": f"Deleted {rule.name}."}
    kept = rule.model_dump(include={"name", "severities", "channel"})
    api.change_notification_rule(rule.id, RuleRequest(**kept, enabled=action == "on"))
    return {"said": f"Switched {rule.name} {action}."}


def _read_form(api: MetricsApi, editing: int | None, form: Mapping[str, Any]) -> RuleRequest:
    """What the form says. Raises ValidationError; a rule that is edited stays switched on or off."""
    enabled = editing is None or api.fetch_notification_rule(editing).enabled
    chosen: Sequence[str] = form["severities"] or []
    return RuleRequest(
        name=form["name"] or "",
        severities=[each for each in get_args(AlertSeverity) if each in chosen],
        channel=form["channel"],
        target=(form["target"] or "").strip() or None,
        enabled=enabled,
    )


def _explain(error: ValidationError) -> str:
    wrong = error.errors()[0]
    return _MISSING.get((str(wrong["loc"][0]), wrong["type"])) or format_invalid(error)


def _replace(rules: Any, *, shown: int | None, rests: bool) -> dict[str, Any]:
    return {"rules": rules, "notice": [], "hidden": True, "shown": shown, "problem_hidden": True, "rests": rests}


def _keep() -> dict[str, Any]:
    return dict.fromkeys(_CHANGES, no_update)


def _action_id(action: str, rule_id: int) -> dict[str, str | int]:
    return {"page": "notifications", "action": action, "rule": rule_id}


PAGE = Page(
    NOTIFICATIONS_PATH,
    TITLE,
    build_layout,
    add_callbacks,
    icon="bell",
    scope=Scope.ADMIN,
    group="Messages",
)
