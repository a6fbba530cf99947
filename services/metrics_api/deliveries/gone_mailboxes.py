"""Puts the address of a mailbox that is gone for good on the list of those that get nothing anymore."""

import re
from datetime import datetime

from sqlalchemy import Connection, text

from metrics_api.deliveries.transitions import Ended
from viral_contract.models.deliveries import DeliveryResult

# RFC 3463: no such mailbox, no such domain, not an address, moved away, a domain that takes no mail, disabled.
_GONE = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_ENHANCED = re.compile(r"(?<![\d.])5\.\d{1,3}\.\d{1,3}(?!\.?\d)")
# What servers say that give no code of RFC 3463. 550, 551 and 553 alone say nothing: relays and blocklists use them.
_MAILBOX = "(?:user|mailbox|recipient|addressee|account|e?-?mail address|address)"
_NO_MAILBOX = re.compile(
    rf"no (?:such {_MAILBOX}|mailbox here)|(?:unknown|invalid) (?:local )?{_MAILBOX}"
    rf"|{_MAILBOX} (?:is )?(?:unknown|invalid|not found|(?:does not|doesn't) exist)",
    re.IGNORECASE,
)
# A server that looks the sender up says of the sender what else is said of recipients. A "relay recipient table" is not
# about the sender.
_OTHERS_FAULT = re.compile(r"\b(?:sender|relaying|relay (?:access|not|denied))", re.IGNORECASE)
_PERMANENT = "5"

_SAVE = text("""
    INSERT INTO suppressions (email, reason, delivery_id, created_at)
    SELECT lower(recipient), :reason, id, :now FROM deliveries WHERE id = :delivery_id
    ON CONFLICT (email) DO NOTHING
""")


def suppress_gone_mailbox(connection: Connection, ended: Ended, result: DeliveryResult, *, now: datetime) -> None:
    """Suppress the recipient where the server said for good that there is no such mailbox.

    Other permanent errors, such as a message too large or a sender that is not trusted, are not the recipient's.
    """
    reply = result.reply or ""
    if ended.kind == "email" and result.outcome == "failed" and is_gone(reply, before_data=not ended.was_intended):
        connection.execute(_SAVE, {"delivery_id": ended.delivery_id, "reason": reply, "now": now})


def is_gone(reply: str, *, before_data: bool) -> bool:
    """Whether the server's reply says that the mailbox does not, or no longer, exist.

    The codes of RFC 3463 decide where it has any, else words, which after the message are about the message.
    """
    if not reply.startswith(_PERMANENT) or _OTHERS_FAULT.search(reply):
        return False
    codes = set(_ENHANCED.findall(reply))
    return codes <= _GONE if codes else before_data and _NO_MAILBOX.search(reply) is not None
