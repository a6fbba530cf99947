"""A letter as one message to one recipient (RFC 5322), as mail clients and their filters want it."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from email_worker.addresses import Mailbox
from email_worker.letters import Letter, clean_subject
from viral_contract.models.deliveries import DeliveryClaimed

_SENDER_NAME = "Viral Guardrails"
# The longest line that mail servers take (RFC 5322, 2.1.1). With the shorter default Python would encode the address in
# List-Unsubscribe as if it were words, and no mail client could follow it.
_MOST_LINE_CHARACTERS = 998
_POLICY = SMTP.clone(max_line_length=_MOST_LINE_CHARACTERS)


def build_message(
    letter: Letter, claim: DeliveryClaimed, recipient: Mailbox, sender: str, *, now: datetime
) -> EmailMessage:
    """The message, which has the same Message-ID in every attempt."""
    message = EmailMessage(policy=_POLICY.clone(utf8=recipient.needs_utf8))
    message["From"] = Address(_SENDER_NAME, addr_spec=sender)
    message["To"] = recipient.address
    message["Subject"] = clean_subject(letter.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = claim.message_id
    message["Auto-Submitted"] = "auto-generated"
    if claim.unsubscribe_url:
        # One click without a question, as RFC 8058 has it and large mail services demand.
        message["List-Unsubscribe"] = f"<{claim.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    _add_content(message, letter)
    return message


def _add_content(message: EmailMessage, letter: Letter) -> None:
    # Quoted-printable passes servers that know nothing but ASCII.
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    page = message.get_body(("html",))
    for name, image in letter.images.items():
        if page is not None:
            page.add_related(image, "image", "png", cid=f"<{name}>", filename=f"{name}.png", disposition="inline")
