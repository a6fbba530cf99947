"""Puts the address of a mailbox that is gone for good on the list of those that get nothing any more."""

import re
from datetime import datetime

from sqlalchemy import Connection, text

from metrics_api.deliveries.transitions import Ended
from viral_engine.contract.deliveries import DeliveryResult

# RFC 3463: no such mailbox, no such domain, not an address, moved away, a domain that takes no mail, disabled.
_GONE = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
# RFC 5321, where the server gives no code of RFC 3463: of these three the text is about the mailbox.
_GONE_BEFORE_DATA = frozenset({"550", "551", "553"})
_REPLY = re.compile(r"\b(5\d\d)[ -]+(?:(5\.\d{1,3}\.\d{1,3})\b)?")

_SAVE = text("""
    INSERT INTO suppressions (email, reason, delivery_id, created_at)
    SELECT lower(recipient), :reason, id, :now FROM deliveries WHERE id = :delivery_id
    ON CONFLICT (email) DO NOTHING
""")


def suppress_gone_mailbox(connection: Connection, ended: Ended, result: DeliveryResult, *, now: datetime) -> None:
    """Suppress the recipient where the server said for good that there is no such mailbox.

    Other permanent errors, such as a message too large or a sender that is not trusted, are not the recipient's.
    """
    reply = result.reply or result.error or ""
    if ended.kind == "email" and result.outcome == "failed" and is_gone(reply, before_data=not ended.was_intended):
        connection.execute(_SAVE, {"delivery_id": ended.delivery_id, "reason": reply, "now": now})


def is_gone(reply: str, *, before_data: bool) -> bool:
    """Whether the server's reply says that the mailbox does not exist (any more)."""
    found = _REPLY.search(reply)
    if found is None:
        return False
    code, enhanced = found.groups()
    return enhanced in _GONE if enhanced else before_data and code in _GONE_BEFORE_DATA
