"""United States social security numbers."""

import re

from metrics_api.pii_scanner.cues import Cue, find_cue, is_labelled_otherwise, telling_words
from metrics_api.pii_scanner.document import HAS_LONG_NUMBER, Document, Span
from metrics_api.pii_scanner.letters import GLUE
from metrics_api.pii_scanner.number_context import (
    is_argument,
    is_calculated,
    is_labelled_identifier,
    is_listed,
    is_well_known,
)
from metrics_api.pii_scanner.rules import Rule
from metrics_api.pii_scanner.spelled_digits import SPELLED_NUMBER, read_digits

_FREE = rf"(?<![{GLUE}+])"
# After the first digit: a pattern that begins with a class of characters is searched much faster.
_ALONE_BEHIND = rf"(?<![{GLUE}+].)(?<!\w[.:/_#-].)"
_END = rf"(?![{GLUE}]|[.:/-]\d)"
_PREFIX_BEFORE = re.compile(r"[\d)] ?$")
_DIGIT_COUNT = 9
_SSN_WORDS = telling_words(Cue.SSN)
_LABELS = "ssn social soc socialsecurity tin".split()
_NUMBERS = "number num no nr".split()
_LABEL_WORDS = frozenset(label + number for label in _LABELS for number in ("", *_NUMBERS))


def is_assignable(digits: str) -> bool:
    """Whether nine digits can be a number: area not 000, 666 or 9xx, group not 00, serial not 0000."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def _digits(match: re.Match[str]) -> str:
    return re.sub(r"\D", "", match[0])


def _locate_dashed(document: Document, match: re.Match[str]) -> Span | None:
    """Take the written form unless it is a calculation, as 500 - 25 - 1000 with or without blanks."""
    if not is_assignable(_digits(match)) or set(_digits(match)) <= {"0", "1"}:
        return None
    if is_calculated(document, *match.span()) or is_labelled_identifier(document, match.start()):
        return None
    if " " in match[0] and find_cue(document, *match.span()) is not Cue.SSN:
        return None
    return match.span()


def _locate_grouped(document: Document, match: re.Match[str]) -> Span | None:
    if find_cue(document, *match.span()) in (Cue.OTHER, Cue.PHONE):
        return None
    if not is_assignable(_digits(match)) or is_well_known(_digits(match)) or is_calculated(document, *match.span()):
        return None
    return None if " " in match[0] and is_listed(document, *match.span()) else match.span()


def _locate_bare(document: Document, match: re.Match[str]) -> Span | None:
    """Take nine digits that stand alone, unless the words around call them a phone, an order, a score ..."""
    if _PREFIX_BEFORE.search(document.lower, max(0, match.start() - 2), match.start()):
        return None
    if is_labelled_otherwise(document, *match.span()) or is_argument(document, match.start()):
        return None
    return _locate_grouped(document, match)


def _locate_named(document: Document, match: re.Match[str]) -> Span | None:
    if find_cue(document, *match.span()) is not Cue.SSN:
        return None
    return match.span() if is_assignable(_digits(match)) else None


def _locate_labelled(_document: Document, match: re.Match[str]) -> Span | None:
    return match.span("pii") if is_assignable(re.sub(r"\D", "", match["pii"])) else None


def _locate_spelled(document: Document, match: re.Match[str]) -> Span | None:
    digits = read_digits(match[0])
    if len(digits) != _DIGIT_COUNT or find_cue(document, *match.span()) is not Cue.SSN:
        return None
    return match.span() if is_assignable(digits) else None


RULES = (
    Rule(
        "ssn_dashed",
        re.compile(rf"\d(?<![{GLUE}+].)(?<!\w-.)\d\d ?- ?\d\d ?- ?\d{{4}}{_END}"),
        _locate_dashed,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "ssn_grouped",
        re.compile(rf"\d{_ALONE_BEHIND}\d\d([ ./|~_*])\d\d\1\d{{4}}{_END}"),
        _locate_grouped,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "ssn_bare",
        re.compile(rf"\d{_ALONE_BEHIND}(?<!-.)\d{{8}}{_END}(?![-/_]\w)"),
        _locate_bare,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "ssn_named_by_words",
        re.compile(rf"{_FREE}\d(?:[ .\-/|~_*]{{0,3}}\d){{8}}{_END}"),
        _locate_named,
        needs=HAS_LONG_NUMBER,
        words=_SSN_WORDS,
    ),
    Rule(
        "ssn_glued_label",
        re.compile(
            rf"(?<![^\W\d_])(?:{'|'.join(_LABELS)})(?:[ _\-]?(?:{'|'.join(_NUMBERS)}))?[#:=._/\-]{{0,3}}"
            rf"(?P<pii>\d{{3}}[ ./|~_*\-]{{0,3}}\d\d[ ./|~_*\-]{{0,3}}\d{{4}}){_END}"
        ),
        _locate_labelled,
        needs=HAS_LONG_NUMBER,
        words=_LABEL_WORDS,
    ),
    Rule("ssn_spelled", SPELLED_NUMBER, _locate_spelled, words=_SSN_WORDS),
)
