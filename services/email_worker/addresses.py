"""A recipient as SMTP wants it."""

from dataclasses import dataclass

from email_validator import EmailNotValidError

from email_worker.outcomes import FailedError
from viral_contract.models.email_address import parse_email_address


@dataclass(frozen=True)
class Mailbox:
    """An address with its domain in ASCII; `needs_utf8` where the part before the @ is not (RFC 6531)."""

    address: str
    needs_utf8: bool


def read_mailbox(recipient: str) -> Mailbox:
    """The address of a recipient. Raises FailedError when it is none."""
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
