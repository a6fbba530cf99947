"""Email addresses, including those of schools' own networks."""

from email_validator import SPECIAL_USE_DOMAIN_NAMES, ValidatedEmail, validate_email
from pydantic import EmailStr

# Mail servers inside a network use these (RFC 6762, RFC 8375, RFC 6761); of arpa only home.arpa is one.
# The library's documented way to allow them is to change its list, which pydantic's type reads too.
_PRIVATE = ("local", "test", "arpa")
_NEVER_MAILED = ("in-addr.arpa", "ip6.arpa")
SPECIAL_USE_DOMAIN_NAMES[:] = [name for name in SPECIAL_USE_DOMAIN_NAMES if name not in _PRIVATE] + [*_NEVER_MAILED]

EmailAddress = EmailStr
"""An address as people enter it; a name before it is dropped."""


def parse_email_address(address: str) -> ValidatedEmail:
    """The parts of an address. Raises email_validator.EmailNotValidError."""
    return validate_email(address, check_deliverability=False)
