"""Addresses that get no more email, because a mail server said that the mailbox does not exist."""

import re
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, select, text

from metrics_api.access.audit import save_audit_entry
from metrics_api.db.paging import Page
from metrics_api.db.tables import suppressions
from metrics_api.deliveries.transitions import Ended
from viral_contract.models.deliveries import DeliveryResult
from viral_contract.models.subscriptions import Suppression

CURSOR = "suppressions"
_column = suppressions.c
# RFC 3463: no such mailbox, no such domain, not an address, moved away, a domain that takes no mail, disabled.
_GONE = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_ENHANCED = re.compile(r"(?<![\d.])5\.\d{1,3}\.\d{1,3}(?!\.?\d)")
# Replies of servers without a code of RFC 3463. 550, 551 and 553 alone do not tell: relays and blocklists use them.
_MAILBOX = "(?:user|mailbox|recipient|addressee|account|e?-?mail address|address)"
_NO_MAILBOX = re.compile(
    rf"no (?:such {_MAILBOX}|mailbox here)|(?:unknown|invalid) (?:local )?{_MAILBOX}"
    rf"|{_MAILBOX} (?:is )?(?:unknown|invalid|not found|(?:does not|doesn't) exist)",
    re.IGNORECASE,
)
# A server that checks the sender uses the same phrases for it. A "relay recipient table" is not about the sender.
_OTHERS_FAULT = re.compile(r"\b(?:sender|relaying|relay (?:access|not|denied))", re.IGNORECASE)
_PERMANENT = "5"

_SAVE = text("""
    INSERT INTO suppressions (email, reason, delivery_id, created_at)
    SELECT lower(recipient), :reason, id, :now FROM deliveries WHERE id = :delivery_id
    ON CONFLICT (email) DO NOTHING
""")


def fetch_suppressions(connection: Connection, page: Page) -> list[Suppression]:
    """A page of suppressed addresses, and one more row if others follow."""
    statement = select(suppressions).order_by(_column.email).limit(page.fetch)
    if page.after:
        statement = statement.where(_column.email > page.after[0])
    return [Suppression(**row._mapping) for row in connection.execute(statement)]


def count_suppressions(connection: Connection) -> int:
    """The number of suppressed addresses."""
    return connection.execute(select(func.count()).select_from(suppressions)).scalar_one()


def delete_suppression(connection: Connection, email: str, *, actor: str, now: datetime) -> bool:
    """Lift the suppression of an address; returns whether there was one. The audit log keeps its reason."""
    return _lift(connection, func.lower(_column.email) == email.lower(), actor=actor, now=now)


def lift_for_retry(connection: Connection, delivery_id: int, *, actor: str, now: datetime) -> None:
    """Lift the suppression that this delivery caused, because a person retries it."""
    _lift(connection, _column.delivery_id == delivery_id, actor=actor, now=now)


def _lift(connection: Connection, chosen: ColumnElement[bool], *, actor: str, now: datetime) -> bool:
    lifted = connection.execute(delete(suppressions).where(chosen).returning(_column.email, _column.reason)).all()
    for email, reason in lifted:
        subject, details = f"suppression:{email.lower()}", {"reason": reason}
        save_audit_entry(connection, actor=actor, action="lift_suppression", subject=subject, details=details, now=now)
    return bool(lifted)


def suppress_gone_mailbox(connection: Connection, ended: Ended, result: DeliveryResult, *, now: datetime) -> None:
    """Suppress the recipient if the server's permanent error says that the mailbox does not exist.

    Other permanent errors, such as a message too large or an untrusted sender, are not about the recipient.
    """
    reply = result.reply or ""
    if ended.kind == "email" and result.outcome == "failed" and is_gone(reply, before_data=not ended.was_intended):
        connection.execute(_SAVE, {"delivery_id": ended.delivery_id, "reason": reply, "now": now})


def is_gone(reply: str, *, before_data: bool) -> bool:
    """Whether the server's reply says that the mailbox does not exist, or no longer.

    The codes of RFC 3463 decide if it has any, else its words, but only before DATA: later they are about the message.
    """
    if not reply.startswith(_PERMANENT) or _OTHERS_FAULT.search(reply):
        return False
    codes = set(_ENHANCED.findall(reply))
    return codes <= _GONE if codes else before_data and _NO_MAILBOX.search(reply) is not None
