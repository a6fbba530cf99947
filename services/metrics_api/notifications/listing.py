"""Rules as admins see them, each with its newest message and how that ended."""

from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.alerts.alert_events import is_switched_on
from metrics_api.db.paging import Page
from metrics_api.deliveries.transitions import SHOWN
from metrics_api.notifications.rules import UnknownRuleError, describe
from viral_contract.models.notifications import LastMessage, NotificationRule
from viral_runtime.flags.evaluate import Flags

CURSOR = "notification_rules"
_LISTED = """
    SELECT rule.id, rule.name, rule.severities, rule.channel, rule.target, rule.enabled, rule.created_by,
        rule.created_at,
        (SELECT count(*) FROM alert_news WHERE rule_id = rule.id AND request_id IS NULL) AS waiting,
        last.at, last.is_test, last.news, last.status, last.reason
    FROM notification_rules rule LEFT JOIN LATERAL (
        SELECT request.created_at AS at, (request.notification ->> 'is_test')::boolean AS is_test,
            jsonb_array_length(request.notification -> 'news') AS news, status, last_error AS reason
        FROM delivery_requests request JOIN deliveries ON request_id = request.id
        WHERE request.rule_id = rule.id ORDER BY request.id DESC LIMIT 1
    ) last ON true
"""
_PAGE = text(f"{_LISTED} WHERE CAST(:after AS text) IS NULL OR rule.name > :after ORDER BY rule.name LIMIT :most")
_ONE = text(f"{_LISTED} WHERE rule.id = :rule_id")


def fetch_rules(connection: Connection, flags: Flags, page: Page) -> list[NotificationRule]:
    """A page of the rules, and one row more if others follow."""
    after = page.after[0] if page.after else None
    rows = connection.execute(_PAGE, {"after": after, "most": page.fetch})
    return [_format(row, flags) for row in rows]


def count_rules(connection: Connection) -> int:
    """How many rules there are."""
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
