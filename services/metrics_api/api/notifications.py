"""Notification rules: who is notified about which alerts."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import ip_address
from typing import TypedDict

from pydantic import HttpUrl
from sqlalchemy import Connection

from metrics_api.alerts.alert_events import is_switched_on
from metrics_api.api.authentication import current_principal
from metrics_api.api.context import current_context
from metrics_api.api.enqueue import enqueue
from metrics_api.api.mailing import check_recipients
from metrics_api.api.problems import ProblemError, invalid, not_found
from metrics_api.api.queries import ListQuery, read_page, split_page
from metrics_api.api.routing import ROW_ID, Resource
from metrics_api.deliveries.transitions import DELIVERIES
from metrics_api.notifications import rules
from metrics_api.notifications.dispatch import save_test_message
from viral_contract.models.notifications import (
    MessageAsked,
    NotificationRule,
    RuleRequest,
    RulesAnswer,
    SavedRule,
    SigningSecret,
)
from viral_contract.models.people import Scope
from viral_contract.models.problem import FieldError, Problem
from viral_runtime.settings.networks import is_allowed, read_networks

notifications = Resource("notifications")
_RULES = "/v1/notification-rules"
_RULE = f"{_RULES}/<{ROW_ID}:rule_id>"


class _Signature(TypedDict):
    """The actor and time of a change."""

    actor: str
    now: datetime


@notifications.route("GET", _RULES, scope=Scope.ADMIN, answers={HTTPStatus.OK: RulesAnswer})
def get_rules(query: ListQuery, connection: Connection) -> RulesAnswer:
    """List notification rules by name, with the status of their latest message."""
    context, page = current_context(), read_page(query, rules.CURSOR)
    rows = rules.fetch_rules(connection, context.flags, page)
    shown, next_cursor = split_page(page, rules.CURSOR, rows, "name")
    return RulesAnswer(
        rules=shown,
        total_rules=rules.count_rules(connection),
        switched_on=is_switched_on(context.flags, None),
        next_cursor=next_cursor,
    )


@notifications.route("GET", _RULE, scope=Scope.ADMIN, answers={HTTPStatus.OK: NotificationRule})
def get_rule(rule_id: int, connection: Connection) -> NotificationRule:
    """Get a notification rule."""
    with _refusals(rule_id):
        return rules.fetch_rule(connection, current_context().flags, rule_id)


@notifications.route(
    "POST", _RULES, scope=Scope.ADMIN, answers={HTTPStatus.CREATED: SavedRule, HTTPStatus.CONFLICT: Problem}
)
def post_rule(body: RuleRequest) -> tuple[SavedRule, HTTPStatus]:
    """Create a notification rule. The answer contains its webhook signing secret, once."""
    _check_reach(body)
    with _acting_on(None) as connection:
        rule_id, secret = rules.save_rule(connection, body, current_context().references, **_sign())
        saved = rules.fetch_rule(connection, current_context().flags, rule_id)
    return SavedRule(**saved.model_dump(), secret=secret), HTTPStatus.CREATED


@notifications.route("PUT", _RULE, scope=Scope.ADMIN, answers={HTTPStatus.OK: SavedRule, HTTPStatus.CONFLICT: Problem})
def put_rule(rule_id: int, body: RuleRequest) -> SavedRule:
    """Update a rule; pending updates go to its new target, or are dropped if the rule is disabled."""
    _check_reach(body)
    with _acting_on(rule_id) as connection:
        secret = rules.change_rule(connection, rule_id, body, current_context().references, **_sign())
        saved = rules.fetch_rule(connection, current_context().flags, rule_id)
    return SavedRule(**saved.model_dump(), secret=secret)


@notifications.route("DELETE", _RULE, scope=Scope.ADMIN, answers={HTTPStatus.NO_CONTENT: None})
def delete_rule(rule_id: int) -> None:
    """Delete a notification rule."""
    with _acting_on(rule_id) as connection:
        rules.delete_rule(connection, rule_id, **_sign())


@notifications.route(
    "POST", f"{_RULE}/secret", scope=Scope.ADMIN, answers={HTTPStatus.OK: SigningSecret, HTTPStatus.CONFLICT: Problem}
)
def post_secret(rule_id: int) -> SigningSecret:
    """Create a new signing secret for a rule. The answer contains it, once."""
    with _acting_on(rule_id) as connection:
        return SigningSecret(secret=rules.rotate_secret(connection, rule_id, current_context().references, **_sign()))


@notifications.route(
    "POST",
    f"{_RULE}/test",
    scope=Scope.ADMIN,
    answers={HTTPStatus.ACCEPTED: MessageAsked, HTTPStatus.CONFLICT: Problem},
)
def post_test(rule_id: int) -> tuple[MessageAsked, HTTPStatus]:
    """Send a test message for a rule, even if the rule or the flag is off."""
    with _acting_on(rule_id) as connection:
        request_id = save_test_message(connection, rule_id, current_context(), **_sign())
    enqueue(DELIVERIES)
    return MessageAsked(request_id=request_id), HTTPStatus.ACCEPTED


@contextmanager
def _acting_on(rule_id: int | None) -> Iterator[Connection]:
    """A transaction that raises ProblemError 404, 409 or 422 for a change that is not possible."""
    with _refusals(rule_id), current_context().database.write() as connection:
        yield connection


@contextmanager
def _refusals(rule_id: int | None) -> Iterator[None]:
    try:
        yield
    except rules.UnknownRuleError as error:
        raise not_found(f"notification rule {rule_id}") from error
    except rules.NameTakenError as error:
        raise ProblemError(HTTPStatus.CONFLICT, "name_taken", "Another rule already has this name.") from error
    except rules.TargetMissingError as error:
        raise invalid([FieldError(pointer="/target", detail="is required for a new rule or channel")]) from error
    except rules.UnsignedRuleError as error:
        detail = "Only rules that use the webhook channel have a signing secret."
        raise ProblemError(HTTPStatus.CONFLICT, "not_signed", detail) from error


def _sign() -> _Signature:
    return {"actor": current_principal().name, "now": datetime.now(UTC)}


def _check_reach(body: RuleRequest) -> None:
    """Reject now what the worker would refuse later; it resolves host names only when it sends."""
    if body.target is None:
        return
    if body.channel == "email":
        check_recipients({"/target": body.target})
        return
    host = (HttpUrl(body.target).host or "").strip("[].")
    if host == "localhost" or host.endswith(".localhost"):
        host = "127.0.0.1"
    try:
        address = ip_address(host)
    except ValueError:
        return
    if not is_allowed(address, read_networks(current_context().settings.deliveries.webhook_allowed_networks)):
        raise invalid([FieldError(pointer="/target", detail="is not allowed by WEBHOOK_ALLOWED_NETWORKS")])
