"""Addresses recognized by what surrounds a name and a number: words such as "lives at", or a unit after."""

import re

from metrics_api.pii_scanner.document import Document, Span
from metrics_api.pii_scanner.letters import CAPITAL, NAME, PARTICLE
from metrics_api.pii_scanner.street_extent import extend_address, has_tail
from metrics_api.pii_scanner.street_words import (
    COUNTED_THINGS,
    CUE,
    FUNCTION_WORDS,
    NUMBERED_THINGS,
    STRONG_CUE,
)

_CUE_BEFORE = re.compile(rf"{CUE}\s{{0,6}}(?:\d{{1,5}}\s)?$")
_STRONG_CUE = re.compile(rf"{STRONG_CUE}\s{{0,6}}")
_HOUSE = r"\d{1,6}[a-zA-Z]?(?:[-/]\d{1,4}[a-z]?)?(?![\w:%°]|[.,]\d)"
_TOKEN = (
    rf"(?:{_HOUSE}|{NAME}\.?|[{CAPITAL}]\.|{PARTICLE}(?![^\W_])|\d{{1,3}}(?:st|nd|rd|th)\b|"
    r"[\u0590-\u06ff]+['׳]?|N?[°º#])"
)
_TOKENS = re.compile(rf"{_TOKEN}(?:(?:[ ]|,[ ]?){_TOKEN}){{0,9}}")
_WORD = re.compile(r"[^\W\d_]{2,}")
_NUMBER = re.compile(r"\d+")
_NEXT_WORD = re.compile(r"\s?([^\W\d_]+)")
_YEAR = re.compile(r"(?:19|20)\d\d$")


def is_cued(document: Document, start: int) -> bool:
    """Whether words after which an address is given are right before."""
    return _CUE_BEFORE.search(document.lower, max(0, start - 70), start) is not None


def has_evidence(document: Document, start: int, end: int) -> bool:
    """Whether a unit, a post code, a town after a comma or a word such as "address" is next to a street."""
    return has_tail(document.text, end) or is_cued(document, start)


def locate_cued(document: Document, match: re.Match[str]) -> Span | None:
    """Take capitalized words with a number after words such as "address" or "lives at"."""
    place = _TOKENS.match(document.text, match.end())
    if place is None:
        return None
    names = [word for word in _WORD.findall(place[0]) if not word.islower()]
    words = [word.lower() for word in names]
    numbers = _NUMBER.findall(place[0])
    if not words or not numbers or not NUMBERED_THINGS.isdisjoint(words):
        return None
    if not _is_house_number(document, match, place, numbers):
        return None
    end = place.start() + len(place[0].rstrip(" ,"))
    return extend_address(document.text, place.start(), end)


def _is_house_number(document: Document, match: re.Match[str], place: re.Match[str], numbers: list[str]) -> bool:
    """Rule out post codes, years, counts ("Rome 3 times") and, without a strong cue, single digits."""
    is_strong = _STRONG_CUE.match(document.lower, match.start()) is not None
    if place[0].endswith(numbers[-1]):
        behind = _NEXT_WORD.match(document.lower, place.end())
        is_alone = len(numbers) == 1
        if (behind and behind[1] in COUNTED_THINGS) or (is_alone and len(numbers[0]) > 4):
            return False
        if is_alone and not is_strong and _YEAR.match(numbers[0]):
            return False
    return is_strong or any(len(number) > 1 for number in numbers)


_TOKEN_AHEAD = re.compile(r"[^\s>:(\"]+")
_MAX_TOKENS_AHEAD, _MAX_LINE_AHEAD = 8, 90


def locate_before_unit(document: Document, match: re.Match[str]) -> Span | None:
    """Take a name and a number that stand before a unit: Kesk 53, Suite 343."""
    start = _start_of_street(document.text, match.start())
    line = document.text[start : match.start()].lower()
    words = _WORD.findall(line)
    if not words or not _NUMBER.search(line) or not NUMBERED_THINGS.isdisjoint(words):
        return None
    return extend_address(document.text, start, match.end())


def _start_of_street(text: str, end: int) -> int:
    """Go back over names and numbers within the line; words in lower case count when a number begins them."""
    end = max(0, end - 12) + len(text[max(0, end - 12) : end].rstrip(" ,>?\t\n"))
    line_start = max(text.rfind("\n", 0, end) + 1, end - _MAX_LINE_AHEAD, 0)
    accepted = end
    for token in list(_TOKEN_AHEAD.finditer(text, line_start, end))[: -_MAX_TOKENS_AHEAD - 1 : -1]:
        if not _may_belong(token[0]) or text[token.end() : token.end() + 1] in (":", "(", '"'):
            break
        if token[0][0].isupper() or token[0][0].isdecimal() or token.start() == line_start:
            accepted = token.start()
    return accepted


def _may_belong(token: str) -> bool:
    word = token.strip(".,'’()")
    return bool(word) and word.lower() not in FUNCTION_WORDS and token[-1] not in "?!;:"
