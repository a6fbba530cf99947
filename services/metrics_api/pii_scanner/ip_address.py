"""IPv4 and IPv6 addresses, also defanged ("192[.]0[.]2[.]1") or spelled with "dot"."""

import ipaddress
import re

from metrics_api.pii_scanner.cues import Cue, find_cue
from metrics_api.pii_scanner.document import HAS_DIGIT, HAS_THREE_DOTS, HAS_TWO_COLONS, Document, Span
from metrics_api.pii_scanner.rules import Rule

_VERSION_BEFORE = re.compile(
    r"(?:\b(?:v|ver|version|versions|build|firmware|release|section|chapter|exercise|figure|fig|lesson|unit|"
    r"question|sec|rev|rv|revision)[. :=]{0,2}|[a-z]/)$"
)
_PHONE_PAIRS = re.compile(r"\d\d\.\d\d\.\d\d\.\d\d$")
_BRACKETED_DOT = r"\s?[\[({]\s?\.\s?[\])}]\s?"
_OCTETS = re.compile(r"\d+")


def _locate_v4(document: Document, match: re.Match[str]) -> Span | None:
    """Leave out four-part versions, and pairs of digits that words call a phone."""
    if any(int(octet) > 255 for octet in _OCTETS.findall(match["ip"])):
        return None
    start, end = match.span("ip")
    if _VERSION_BEFORE.search(document.lower, max(0, start - 16), start):
        return None
    if _PHONE_PAIRS.match(match["ip"]) and find_cue(document, start, end) is Cue.PHONE:
        return None
    return start, end


def _locate_v6(_document: Document, match: re.Match[str]) -> Span | None:
    """Leave out what merely parses: times, `a::b` in code, pairs of a fingerprint."""
    written = match["ip"].rstrip(":") if match["ip"].endswith(":") and not match["ip"].endswith("::") else match["ip"]
    parts = [part for part in written.split(":") if part]
    if written != "::1" and not (len(parts) > 1 and any(len(part) > 2 for part in parts)):
        return None
    try:
        ipaddress.IPv6Address(written)
    except ValueError:
        return None
    has_number = any(character.isdecimal() for character in written)
    return (match.start("ip"), match.start("ip") + len(written)) if has_number else None


RULES = (
    Rule(
        "ipv4",
        re.compile(r"(?:(?<![\w.])|(?<=\bip))(?P<ip>\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?![\w-]|\.\d)"),
        _locate_v4,
        needs=HAS_THREE_DOTS,
    ),
    Rule(
        "ipv4_disguised",
        re.compile(
            rf"(?<![\w.])(?P<ip>\d{{1,3}}{_BRACKETED_DOT}(?:\d{{1,3}}(?:{_BRACKETED_DOT}|\.)){{2}}\d{{1,3}})(?![\w.])"
        ),
        _locate_v4,
        needs=HAS_THREE_DOTS,
    ),
    Rule(
        "ipv4_spoken",
        re.compile(r"(?<![\w.])(?P<ip>\d{1,3}(?:\s?[\[(]?dot[\])]?\s?\d{1,3}){3})(?!\w)"),
        _locate_v4,
        needs=HAS_DIGIT,
        words=frozenset({"dot"}),
    ),
    Rule(
        "ipv6",
        re.compile(
            r"(?<![\w:.])(?P<ip>(?=[0-9a-f:]*:[0-9a-f]*:)[0-9a-f:]{2,39}+(?:(?<=:)\d{1,3}(?:\.\d{1,3}){3})?)(?!\w|\.\w)"
        ),
        _locate_v6,
        needs=HAS_TWO_COLONS,
    ),
)
