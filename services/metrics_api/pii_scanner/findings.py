"""What a scan reports: the type, the place and the rule, but never the value itself."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class PiiType(StrEnum):
    """The types of personal information that the scanner finds."""

    EMAIL = "email"
    PHONE = "phone"
    SSN = "ssn"
    CREDIT_CARD = "credit_card"
    IP_ADDRESS = "ip_address"
    STREET_ADDRESS = "street_address"
    DATE_OF_BIRTH = "date_of_birth"
    PERSON_NAME = "person_name"
    SCHOOL = "school"


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of personal information.

    `start` and `end` count Unicode code points of the scanned text, `end` excluded. `path` is the RFC 6901 pointer
    of the value inside scanned JSON; a key that itself holds personal information appears masked in it.
    """

    type: PiiType
    start: int
    end: int
    masked: str
    rule: str
    path: str | None = None


_WORD = re.compile(r"\w+")


def _mask_words(value: str) -> str:
    return " ".join(["***"] * min(4, len(_WORD.findall(value)) or 1))


def _mask_initials(value: str) -> str:
    """Keep the first letter of each longer word: `Emma Johnson` gives `E*** J***`."""
    words = _WORD.findall(value)[:4]
    return " ".join(f"{word[0]}***" if len(word) > 2 and word[0].isalpha() else "***" for word in words) or "***"


def _mask_email(value: str) -> str:
    """Keep one letter of each long part and the ending: `john@example.com` gives `j***@e***.com`."""
    local, at, domain = value.partition("@")
    host, dot, ending = domain.rpartition(".")
    if not (at and dot and ending.isalnum()):
        return "***@***"
    return "@".join(f"{part[0]}***" if len(part) > 2 else "***" for part in (local, host)) + f".{ending}"


def _mask_number(shown: int) -> Callable[[str], str]:
    def mask(value: str) -> str:
        digits = [character for character in value if character.isdecimal()]
        return "***" + "".join(digits[-shown:]) if len(digits) > 2 * shown else "***"

    return mask


_MASKS: dict[PiiType, Callable[[str], str]] = {
    PiiType.EMAIL: _mask_email,
    PiiType.PHONE: _mask_number(2),
    PiiType.SSN: lambda _: "***-**-****",
    PiiType.CREDIT_CARD: _mask_number(4),
    PiiType.IP_ADDRESS: lambda value: "*:*" if ":" in value else "*.*.*.*",
    PiiType.STREET_ADDRESS: _mask_words,
    PiiType.DATE_OF_BIRTH: lambda _: "****-**-**",
    PiiType.PERSON_NAME: _mask_initials,
    PiiType.SCHOOL: _mask_initials,
}


def format_masked(pii_type: PiiType, value: str) -> str:
    """Show what kind of value was found, so that it cannot be recovered."""
    return _MASKS[pii_type](value)
