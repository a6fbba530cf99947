"""Notification rules: which severities are sent where. A webhook's URL is a secret, so only its host is shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable, Row, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from metrics_api.access.audit import save_audit_entry
from metrics_api.access.identifiers import References
from metrics_api.alerts.alert_events import is_switched_on
from metrics_api.db.paging import Page
from metrics_api.db.tables import notification_rules
from metrics_api.deliveries.signing_secrets import create_signing_secret
from metrics_api.deliveries.transitions import SHOWN
from viral_contract.models.notifications import ALERT_EVENTS, LastMessage, NotificationRule, RuleRequest
from viral_contract.models.recipients import mask_recipient
from viral_runtime.flags.evaluate import Flags

_column = notification_rules.c
_SHOWN = ("name", "severities", "channel", "target", "enabled", "event_types")
_DROP_EVENTS = text("""
    WITH dropped AS (DELETE FROM webhook_events WHERE rule_id = :rule_id AND request_id IS NULL)
    DELETE FROM alert_news WHERE rule_id = :rule_id AND request_id IS NULL
""")
_DROP_UNWANTED = text("""
    DELETE FROM webhook_events WHERE rule_id = :rule_id AND request_id IS NULL AND type <> ALL(:event_types)
""")
# Their events wait again, so that a rule's new target gets them; the key is freed for the new message.
_CANCEL_MESSAGES = text("""
    WITH cancelled AS (
        UPDATE deliveries SET status = 'cancelled', finished_at = :now
        WHERE status = 'pending' AND request_id IN (SELECT id FROM delivery_requests WHERE rule_id = :rule_id)
        RETURNING request_id
    ), freed AS (
        UPDATE delivery_requests SET unique_key = NULL WHERE id IN (SELECT request_id FROM cancelled)
    ), waiting AS (
        UPDATE webhook_events SET request_id = NULL WHERE request_id IN (SELECT request_id FROM cancelled)
    )
    UPDATE alert_news SET request_id = NULL WHERE request_id IN (SELECT request_id FROM cancelled)
""")


class UnknownRuleError(Exception):
    """There is no rule with this id."""


class NameTakenError(Exception):
    """Another rule has this name."""


class TargetMissingError(Exception):
    """A new rule, or one whose channel changes, needs a target."""


class UnsignedRuleError(Exception):
    """The channel of this rule is not signed."""


CURSOR = "notification_rules"
_LISTED = """
    SELECT rule.id, rule.name, rule.severities, rule.channel, rule.target, rule.enabled, rule.event_types,
        rule.created_by, rule.created_at,
        (SELECT count(*) FROM alert_news WHERE rule_id = rule.id AND request_id IS NULL)
            + (SELECT count(*) FROM webhook_events WHERE rule_id = rule.id AND request_id IS NULL) AS waiting,
        last.at, last.is_test, last.news, last.status, last.reason
    FROM notification_rules rule LEFT JOIN LATERAL (
        SELECT request.created_at AS at, coalesce((request.notification ->> 'is_test')::boolean, false) AS is_test,
            coalesce(jsonb_array_length(request.notification -> 'news'), 1) AS news, status, last_error AS reason
        FROM delivery_requests request JOIN deliveries ON request_id = request.id
        WHERE request.rule_id = rule.id ORDER BY request.id DESC LIMIT 1
    ) last ON true
"""
_PAGE = text(f"{_LISTED} WHERE CAST(:after AS text) IS NULL OR rule.name > :after ORDER BY rule.name LIMIT :most")
_ONE = text(f"{_LISTED} WHERE rule.id = :rule_id")


def save_rule(
    connection: Connection, body: RuleRequest, references: References, *, actor: str, now: datetime
) -> tuple[int, str | None]:
    """Create a rule; returns its id and, if any, signing secret. Raises NameTakenError or TargetMissingError."""
    if body.target is None:
        raise TargetMissingError
    secret, sealed = _create_secret(body, references)
    values = {**body.model_dump(), "sealed_secret": sealed, "created_by": actor, "created_at": now}
    values["event_types"] = body.event_types or list(ALERT_EVENTS)
    rule_id: int = _execute(connection, insert(notification_rules).values(values).returning(_column.id)).scalar_one()
    _note(connection, "create_notification_rule", rule_id, actor=actor, now=now, after=values)
    return rule_id, secret


def change_rule(
    connection: Connection, rule_id: int, body: RuleRequest, references: References, *, actor: str, now: datetime
) -> str | None:
    """Change a rule; returns the new signing secret of a channel that needs one.

    Waiting events of a disabled rule are dropped; a new target or channel gets those of the old one. Raises
    UnknownRuleError, NameTakenError or TargetMissingError.
    """
    before = lock_rule(connection, rule_id)
    if body.target is None and body.channel != before.channel:
        raise TargetMissingError
    kept = before.event_types if body.channel == before.channel else list(ALERT_EVENTS)
    values = {**body.model_dump(), "target": body.target or before.target, "event_types": body.event_types or kept}
    secret = None
    if body.channel != before.channel:
        secret, values["sealed_secret"] = _create_secret(body, references)
    _execute(connection, update(notification_rules).where(_column.id == rule_id).values(values))
    connection.execute(_DROP_UNWANTED, {"rule_id": rule_id, "event_types": values["event_types"]})
    if not body.enabled:
        _drop_waiting(connection, rule_id, now=now)
    elif (values["target"], body.channel) != (before.target, before.channel):
        connection.execute(_CANCEL_MESSAGES, {"rule_id": rule_id, "now": now})
    _note(connection, "change_notification_rule", rule_id, actor=actor, now=now, before=before._asdict(), after=values)
    return secret


def rotate_secret(connection: Connection, rule_id: int, references: References, *, actor: str, now: datetime) -> str:
    """Replace the signing secret. Raises UnknownRuleError or UnsignedRuleError."""
    if lock_rule(connection, rule_id).channel != "webhook":
        raise UnsignedRuleError
    secret, sealed = create_signing_secret(references)
    connection.execute(update(notification_rules).where(_column.id == rule_id).values(sealed_secret=sealed))
    _note(connection, "rotate_notification_secret", rule_id, actor=actor, now=now)
    return secret


def delete_rule(connection: Connection, rule_id: int, *, actor: str, now: datetime) -> None:
    """Delete a rule, with what waits for it. Raises UnknownRuleError."""
    before = lock_rule(connection, rule_id)
    _drop_waiting(connection, rule_id, now=now)
    connection.execute(delete(notification_rules).where(_column.id == rule_id))
    _note(connection, "delete_notification_rule", rule_id, actor=actor, now=now, before=before._asdict())


def lock_rule(connection: Connection, rule_id: int) -> Row[Any]:
    """The rule, locked against other changes and messages. Raises UnknownRuleError."""
    # The weaker lock, because alert events refer to the rule, and an evaluation that records some must not wait.
    statement = select(notification_rules).where(_column.id == rule_id).with_for_update(key_share=True)
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise UnknownRuleError
    return row


def describe(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule without its secrets."""
    shown = {name: rule[name] for name in _SHOWN}
    return shown if rule["channel"] == "email" else {**shown, "target": mask_recipient(rule["target"])}


def _create_secret(body: RuleRequest, references: References) -> tuple[str, bytes] | tuple[None, None]:
    return create_signing_secret(references) if body.channel == "webhook" else (None, None)


def _execute(connection: Connection, statement: Executable) -> CursorResult[Any]:
    try:
        return connection.execute(statement)
    except IntegrityError as error:
        # Only the name is unique.
        raise NameTakenError from error


def _drop_waiting(connection: Connection, rule_id: int, *, now: datetime) -> None:
    connection.execute(_CANCEL_MESSAGES, {"rule_id": rule_id, "now": now})
    connection.execute(_DROP_EVENTS, {"rule_id": rule_id})


def _note(
    connection: Connection,
    action: str,
    rule_id: int,
    *,
    actor: str,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    save_audit_entry(
        connection,
        actor=actor,
        action=action,
        subject=f"notification_rule:{rule_id}",
        before=before and describe(before),
        after=after and describe(after),
        now=now,
    )


def fetch_rules(connection: Connection, flags: Flags, page: Page) -> list[NotificationRule]:
    """A page of rules, and one more row if others follow."""
    after = page.after[0] if page.after else None
    rows = connection.execute(_PAGE, {"after": after, "most": page.fetch})
    return [_format(row, flags) for row in rows]


def count_rules(connection: Connection) -> int:
    """The number of rules."""
    total: int = connection.execute(text("SELECT count(*) FROM notification_rules")).scalar_one()
    return total


def fetch_rule(connection: Connection, flags: Flags, rule_id: int) -> NotificationRule:
    """One rule. Raises UnknownRuleError."""
    row = connection.execute(_ONE, {"rule_id": rule_id}).one_or_none()
    if row is None:
        raise UnknownRuleError
    return _format(row, flags)


def _format(row: Row[Any], flags: Flags) -> NotificationRule:
    shown = {**row._asdict(), **describe(row._asdict())}
    last = {name: shown.pop(name) for name in LastMessage.model_fields}
    if last["at"] is not None:
        last |= {"status": SHOWN[row.status]}
    return NotificationRule(
        **shown,
        switched_on=is_switched_on(flags, row.id),
        last_message=LastMessage(**last) if row.at is not None else None,
    )
