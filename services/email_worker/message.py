"""An email as a message to one recipient (RFC 5322), as mail clients and spam filters expect it."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from email_validator import EmailNotValidError

from email_worker.letters import Letter, clean_subject
from email_worker.outcomes import FailedError
from viral_contract.models.deliveries import DeliveryClaimed
from viral_contract.models.values import parse_email_address


@dataclass(frozen=True)
class Mailbox:
    """An address with its domain in ASCII; `needs_utf8` where the part before the @ is not (RFC 6531)."""

    address: str
    needs_utf8: bool


_SENDER_NAME = "Viral Guardrails"
# The longest line that mail servers take (RFC 5322, 2.1.1). With the shorter default Python would encode the address in
# List-Unsubscribe as words, and no mail client could follow it.
_MOST_LINE_CHARACTERS = 998
_POLICY = SMTP.clone(max_line_length=_MOST_LINE_CHARACTERS)


def read_mailbox(recipient: str) -> Mailbox:
    """The mailbox of a recipient. Raises FailedError for an invalid address."""
    try:
        found = parse_email_address(recipient)
    except EmailNotValidError as error:
        raise FailedError(f"The recipient is not a valid email address: {error}") from error
    if "=?" in recipient:
        # Python's email library would decode it as an encoded word (RFC 2047), which may hide line ends.
        raise FailedError("The recipient's address looks like an encoded word.")
    if found.ascii_email:
        return Mailbox(found.ascii_email, needs_utf8=False)
    return Mailbox(f"{found.local_part}@{found.ascii_domain}", needs_utf8=True)


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
        # One-click unsubscribe (RFC 8058), which large mail services require.
        message["List-Unsubscribe"] = f"<{claim.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    _add_content(message, letter)
    return message


def _add_content(message: EmailMessage, letter: Letter) -> None:
    # Quoted-printable passes servers that accept only ASCII.
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    page = message.get_body(("html",))
    for name, image in letter.images.items():
        if page is not None:
            page.add_related(image, "image", "png", cid=f"<{name}>", filename=f"{name}.png", disposition="inline")
