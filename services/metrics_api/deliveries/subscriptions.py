"""Subscriptions to scheduled reports, and unsubscribe links. Addresses are stored in lower case, each once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from metrics_api.access.audit import save_audit_entry
from metrics_api.access.identifiers import References
from metrics_api.db.paging import Page
from metrics_api.db.tables import subscriptions, suppressions
from viral_contract.models.subscriptions import ScheduledType, Subscription

CURSOR = "subscriptions"
_column = subscriptions.c
_BY_ADDRESS = (_column.email, _column.report_type)
_LISTED = select(subscriptions, suppressions.c.reason.label("suppressed")).outerjoin(
    suppressions, func.lower(suppressions.c.email) == _column.email
)
_PURPOSE = "unsubscribe"


def save_subscriptions(
    connection: Connection, emails: Sequence[str], report_type: ScheduledType, *, actor: str, now: datetime
) -> bool:
    """Subscribe the addresses that are not subscribed yet; returns whether there were any."""
    rows = [
        {"email": email, "report_type": report_type, "created_by": actor, "created_at": now}
        for email in dict.fromkeys(map(str.lower, emails))
    ]
    statement = insert(subscriptions).values(rows).on_conflict_do_nothing(constraint="uq_subscriptions_email")
    added = sorted(connection.execute(statement.returning(_column.email)).scalars())
    _note(connection, "subscribe", report_type, added, actor=actor, now=now)
    return bool(added)


def fetch_subscriptions_of(
    connection: Connection, emails: Sequence[str], report_type: ScheduledType
) -> list[Subscription]:
    """The subscriptions of these addresses to one type, by address."""
    of_them = _column.email.in_([email.lower() for email in emails]) & (_column.report_type == report_type)
    return [_format(row) for row in connection.execute(_LISTED.where(of_them).order_by(*_BY_ADDRESS))]


def fetch_subscriptions(connection: Connection, report_type: ScheduledType | None, page: Page) -> list[Subscription]:
    """A page of subscriptions, of one type or all, and one more row if others follow."""
    statement = _LISTED.where(_is_of(report_type)).order_by(*_BY_ADDRESS).limit(page.fetch)
    if page.after:
        statement = statement.where(tuple_(*_BY_ADDRESS) > tuple_(*page.after))
    return [_format(row) for row in connection.execute(statement)]


def count_subscriptions(connection: Connection, report_type: ScheduledType | None) -> int:
    """The number of subscriptions, of one type or all."""
    return connection.execute(select(func.count()).select_from(subscriptions).where(_is_of(report_type))).scalar_one()


def delete_subscription(connection: Connection, subscription_id: int, *, actor: str, now: datetime) -> bool:
    """Delete one subscription; returns whether it existed."""
    return bool(_delete(connection, _column.id == subscription_id, "unsubscribe", actor=actor, now=now))


def delete_subscriptions_of(
    connection: Connection, email: str, report_type: ScheduledType | None, *, actor: str, now: datetime
) -> bool:
    """Delete the subscriptions of an address, of one type or all; returns whether there were any."""
    of_them = (_column.email == email.lower()) & _is_of(report_type)
    return bool(_delete(connection, of_them, "unsubscribe", actor=actor, now=now))


def delete_by_link(connection: Connection, email: str, *, now: datetime) -> list[ScheduledType]:
    """Delete all subscriptions of an address, requested by its link; returns their types."""
    return _delete(connection, _column.email == email.lower(), "unsubscribe_by_link", actor=email, now=now)


def fetch_types_of(connection: Connection, email: str) -> list[ScheduledType]:
    """The types of report that an address is subscribed to."""
    statement = select(_column.report_type).where(_column.email == email.lower()).order_by(_column.report_type)
    return list(connection.execute(statement).scalars())


def _delete(
    connection: Connection, which: ColumnElement[bool], action: str, *, actor: str, now: datetime
) -> list[ScheduledType]:
    statement = delete(subscriptions).where(which).returning(_column.email, _column.report_type)
    ended = sorted(connection.execute(statement).all(), key=lambda row: (row.report_type, row.email))
    for email, report_type in ended:
        _note(connection, action, report_type, [email], actor=actor, now=now)
    return [row.report_type for row in ended]


def _is_of(report_type: ScheduledType | None) -> ColumnElement[bool]:
    return _column.report_type == (_column.report_type if report_type is None else report_type)


def _note(
    connection: Connection,
    action: str,
    report_type: ScheduledType,
    emails: Sequence[str],
    *,
    actor: str,
    now: datetime,
) -> None:
    if emails:
        subject, details = f"subscriptions:{report_type}", {"emails": emails}
        save_audit_entry(connection, actor=actor, action=action, subject=subject, details=details, now=now)


def _format(row: Row[Any]) -> Subscription:
    return Subscription(**row._mapping)


def build_unsubscribe_url(public_url: str, references: References, email: str) -> str:
    """The dashboard's page, under `public_url`, on which the address can unsubscribe."""
    return f"{public_url.rstrip('/')}/unsubscribe/{references.seal(email, purpose=_PURPOSE)}"


def read_unsubscribe_token(references: References, token: str) -> str | None:
    """The address of the token, or None if it was not created here."""
    return references.unseal(token, purpose=_PURPOSE)
