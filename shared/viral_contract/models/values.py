"""Value types that several models use: ids, texts, times, addresses."""

import ipaddress
import json
import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from email_validator import SPECIAL_USE_DOMAIN_NAMES, ValidatedEmail, validate_email
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    EmailStr,
    Field,
    PlainValidator,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)

MAX_CLOCK_SKEW = timedelta(minutes=5)
MAX_ID_LENGTH = 128
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ].+")
_LEAP_SECOND = re.compile(r"^(.{10}[Tt ]\d\d:[0-5]\d:)60(?!\d)")
# The character itself; after an escaped backslash the same letters are plain text.
_ENCODED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_CONTROL_BUT_LINE_BREAKS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Mail servers inside a network use these (RFC 6762, RFC 8375, RFC 6761); of arpa only home.arpa is one.
# The library's documented way to allow them is to change its list, which pydantic's type reads too.
_PRIVATE = ("local", "test", "arpa")
_NEVER_MAILED = ("in-addr.arpa", "ip6.arpa")
SPECIAL_USE_DOMAIN_NAMES[:] = [name for name in SPECIAL_USE_DOMAIN_NAMES if name not in _PRIVATE] + [*_NEVER_MAILED]

EmailAddress = EmailStr
"""An address as people enter it; a name before it is dropped."""


def _empty_is_null(value: object) -> object:
    return None if value == "" else value


def check_text(value: Any) -> str:
    """The value, if it is a text without control characters. Raises ValueError otherwise."""
    if not isinstance(value, str):
        raise ValueError("must be text")
    if _CONTROL.search(value):
        raise ValueError("must not contain control characters")
    return value


def normalize_id(value: str) -> str:
    """The form in which ids are stored and compared: Unicode NFC, in which "é" is one character."""
    return unicodedata.normalize("NFC", value)


def _check_id(value: Any) -> str:
    return normalize_id(check_text(value))


def _replace_nul(value: str) -> str:
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _check_note(value: str) -> str:
    if _CONTROL_BUT_LINE_BREAKS.search(value):
        raise ValueError("must not contain control characters")
    return value


def _parse_ip_address(value: Any) -> str:
    """The canonical form; an IPv4-mapped IPv6 address becomes an IPv4 address."""
    try:
        address = ipaddress.ip_address(check_text(value))
    except ValueError as error:
        raise ValueError("must be an IPv4 or IPv6 address") from error
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id:
            raise ValueError("must be an IP address without a zone")
        address = address.ipv4_mapped or address
    return str(address)


def _check_is_time(value: Any) -> Any:
    """The value as Python can parse it: a leap second becomes the second before it."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and _TIME.fullmatch(value):
        return _LEAP_SECOND.sub(r"\g<1>59", value)
    raise ValueError("must be an RFC 3339 time such as 2026-03-01T09:30:00Z")


def _check_is_date(value: Any) -> Any:
    if isinstance(value, date) or (isinstance(value, str) and _DATE.fullmatch(value)):
        return value
    raise ValueError("must be a date such as 2026-03-01")


def _check_has_come(day: date, info: ValidationInfo) -> date:
    today = ((info.context or {}).get("now") or datetime.now(UTC)).date()
    if day > today:
        raise ValueError(f"is in the future: today is {today} (UTC)")
    return day


def _as_utc(value: datetime, info: ValidationInfo) -> datetime:
    try:
        moment = value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is out of range") from error
    now = (info.context or {}).get("now")
    if now is not None and moment > now + MAX_CLOCK_SKEW:
        raise ValueError("is more than 5 minutes in the future")
    return moment


def _in_the_future(value: datetime, info: ValidationInfo) -> datetime:
    now = (info.context or {}).get("now")
    if now is not None and value <= now:
        raise ValueError("must be in the future")
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is out of range") from error


def encode_object(value: Any, *, max_bytes: int) -> str:
    """The JSON of an object that PostgreSQL can store. Raises ValueError if it is too large or invalid."""
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    try:
        encoded = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise ValueError("must not contain numbers out of range") from error
    if len(encoded.encode()) > max_bytes:
        raise ValueError(f"must be at most {max_bytes} bytes of JSON")
    if _ENCODED_NUL.search(encoded):
        raise ValueError("must not contain the character U+0000")
    return encoded


# The Python checks, repeated for the schema as ECMA 262 regular expressions.
NO_CONTROL = r"^[^\u0000-\u001f\u007f-\u009f]*$"
_NO_CONTROL_BUT_LINE_BREAKS = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$"
_GivenText = Annotated[str, Field(max_length=2048, pattern=NO_CONTROL)]
_GivenId = Annotated[str, Field(max_length=MAX_ID_LENGTH, pattern=NO_CONTROL)]
_GivenNote = Annotated[str, Field(max_length=1000, pattern=_NO_CONTROL_BUT_LINE_BREAKS)]

STORABLE = AfterValidator(_replace_nul)
"""For workers' texts, which must not be lost over the one character that PostgreSQL cannot store."""
CONTROL_FREE = Field(json_schema_extra={"pattern": NO_CONTROL})
"""The schema's form of `check_text`."""
RequiredId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_ID_LENGTH),
    BeforeValidator(_check_id),
    CONTROL_FREE,
]
OptionalId = Annotated[RequiredId | None, BeforeValidator(_empty_is_null, json_schema_input_type=_GivenId | None)]
OptionalText = Annotated[
    Annotated[str, StringConstraints(max_length=2048), BeforeValidator(check_text)] | None,
    BeforeValidator(_empty_is_null, json_schema_input_type=_GivenText | None),
]
_GivenHeader = Annotated[str, Field(max_length=64, pattern=NO_CONTROL)]
OptionalHeader = Annotated[
    Annotated[str, StringConstraints(max_length=64), BeforeValidator(check_text)] | None,
    BeforeValidator(_empty_is_null, json_schema_input_type=_GivenHeader | None),
]
_GivenMethod = Annotated[str, Field(max_length=16, pattern=NO_CONTROL)]
OptionalMethod = Annotated[
    Annotated[str, StringConstraints(max_length=16), BeforeValidator(check_text)] | None,
    BeforeValidator(_empty_is_null, json_schema_input_type=_GivenMethod | None),
]
IpAddress = Annotated[str, PlainValidator(_parse_ip_address), WithJsonSchema({"type": "string", "format": "ip"})]
OptionalIpAddress = Annotated[IpAddress | None, BeforeValidator(_empty_is_null)]
# Far enough from Python's first and last dates for every calculation with periods.
IsoDate = Annotated[date, Field(ge=date(1000, 1, 1), le=date(9000, 1, 1)), BeforeValidator(_check_is_date)]
PastDate = Annotated[IsoDate, AfterValidator(_check_has_come)]
"""A UTC date up to today."""
PastTime = Annotated[AwareDatetime, BeforeValidator(_check_is_time), AfterValidator(_as_utc)]
FutureTime = Annotated[AwareDatetime, BeforeValidator(_check_is_time), AfterValidator(_in_the_future)]
Note = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1000),
    AfterValidator(_check_note),
    Field(json_schema_extra={"pattern": _NO_CONTROL_BUT_LINE_BREAKS}),
]
OptionalNote = Annotated[Note | None, BeforeValidator(_empty_is_null, json_schema_input_type=_GivenNote | None)]


def parse_email_address(address: str) -> ValidatedEmail:
    """The parts of an address. Raises email_validator.EmailNotValidError."""
    return validate_email(address, check_deliverability=False)
