"""Redacts identifiers of children and everyone else in logs, whatever a caller or a library puts into a line.

Masked values, such as `203.0.113.*`, stay readable.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

import structlog

HIDDEN = "[hidden]"
# Fields of events and content that identify a child.
_NAMES = frozenset(
    "ip_address device_fingerprint user_id referrer_id session_id link_id share_id reel_id participant_ids user_agent "
    "referrer_url email recipient recipient_emails text".split()
)
_EMAIL = re.compile(r"(?<![*\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_IPV4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:*])")


def hide_identifiers(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A structlog processor that hides identifiers in every field."""
    return {name: _hide(name, value) for name, value in event.items()}


def _hide(name: str, value: Any) -> Any:
    if name in _NAMES and value is not None:
        return HIDDEN
    if isinstance(value, str):
        return _hide_in_text(value)
    if isinstance(value, Mapping):
        return {key: _hide(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [_hide("", each) for each in value]
    return value


def _hide_in_text(text: str) -> str:
    text = _EMAIL.sub(HIDDEN, text) if "@" in text else text
    text = _IPV4.sub(_hide_address, text) if "." in text else text
    return _IPV6.sub(_hide_address, text) if ":" in text else text


def _hide_address(found: re.Match[str]) -> str:
    try:
        address = ipaddress.ip_address(found[0])
    except ValueError:  # A time of day looks like one too.
        return found[0]
    # Our own machines.
    return found[0] if address.is_loopback or address.is_unspecified else HIDDEN
