"""Payment card numbers: the check digit and the ranges that card schemes issue."""

import re

from metrics_api.pii_scanner.cues import Cue, find_cue
from metrics_api.pii_scanner.document import HAS_LONG_NUMBER, Document, Span
from metrics_api.pii_scanner.letters import GLUE
from metrics_api.pii_scanner.number_context import (
    is_calculated,
    is_labelled_identifier,
    is_progression,
    read_run,
)
from metrics_api.pii_scanner.rules import Rule
from metrics_api.pii_scanner.spelled_digits import DIGIT_WORDS, SPELLED_NUMBER, read_digits

# After the first digit: a pattern that begins with a class of characters is searched much faster.
_ALONE_BEHIND = rf"(?<![{GLUE}+].)(?<!\d[.:_].)(?<![^\W\d_][/_-].)"
_END = rf"(?![{GLUE}]|[.:]\d{{3}})"
_ISSUED = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}|"
    r"3(?:0[0-59]|6\d|[89]\d)\d{11}|(?:6011|64[4-9]\d|65\d\d|622\d)\d{12}(?:\d{3})?|62\d{14,17}|"
    r"35(?:2[89]|[3-8]\d)\d{12}|(?:1800|2131)\d{11}|(?:50\d\d|5[6-9]\d\d|6304|6390|67\d\d|0604)\d{9,15}"
)
_SEPARATOR = r"[ .\-/|~_*]{1,3}"
# Other digits may be next to a card, such as the year in which it expires or its security code.
_GROUP_START = rf"(?<![{GLUE}+])(?<!\d[.:])"
_GROUP_END = rf"(?![{GLUE}])"
_LABELS = "visa mastercard maestro amex card creditcard cc pan debit".split()
_NUMBERS = "number num no nr".split()
_GLUED_LABEL = (
    rf"(?<![^\W\d_])(?:{'|'.join(_LABELS)})(?:[ _\-]?(?:{'|'.join(_NUMBERS)}))?"
    r"[#:=._/\-]{0,3}"
)
_LABEL_WORDS = frozenset(label + number for label in _LABELS for number in ("", *_NUMBERS))
_GROUP, _MOST_BESIDE = 4, 7
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def has_check_digit(digits: str) -> bool:
    """Apply the Luhn formula (ISO/IEC 7812-1, annex B)."""
    numbers = [int(digit) for digit in reversed(digits)]
    return (sum(numbers[::2]) + sum(_DOUBLED[number] for number in numbers[1::2])) % 10 == 0


def _is_card(document: Document, digits: str, start: int, end: int) -> bool:
    """Take a number of an issued range; any other with a right check digit only where words call it a card."""
    if not has_check_digit(digits) or len(set(digits)) == 1:
        return False
    if find_cue(document, start, end) is Cue.CARD:
        return True
    if (
        _ISSUED.fullmatch(digits) is None
        or _is_part_of_list(document, start, end)
        or is_labelled_identifier(document, start)
    ):
        return False
    return not is_calculated(document, start, end)


def _is_part_of_list(document: Document, start: int, end: int) -> bool:
    """Recognize a list of numbers of four digits, unless all of them are cards, or cards with a year or a code."""
    numbers = read_run(document, start, end)
    fours = [number for number in numbers if len(number) == _GROUP]
    if len(numbers) <= _MOST_BESIDE and not is_progression([int(number) for number in fours]):
        return False
    cards = ["".join(fours[place : place + _GROUP]) for place in range(0, len(fours), _GROUP)]
    return not all(_ISSUED.fullmatch(card) and has_check_digit(card) for card in cards)


def _locate_digits(document: Document, match: re.Match[str]) -> Span | None:
    start, end = match.span("pii")
    digits = re.sub(r"\D", "", match["pii"])
    return (start, end) if _is_card(document, digits, start, end) else None


def _locate_spelled(document: Document, match: re.Match[str]) -> Span | None:
    digits = read_digits(match[0])
    return match.span() if 13 <= len(digits) <= 19 and _is_card(document, digits, *match.span()) else None


RULES = (
    Rule(
        "card_bare", re.compile(rf"(?P<pii>\d{_ALONE_BEHIND}\d{{11,18}}){_END}"), _locate_digits, needs=HAS_LONG_NUMBER
    ),
    Rule(
        "card_grouped",
        re.compile(
            rf"{_GROUP_START}(?=(?P<pii>\d{{4}}(?P<by>{_SEPARATOR})\d{{4}}(?P=by)\d{{4}}(?P=by)(?:\d{{4}}(?P=by)\d{{3}}|"
            rf"\d{{4}}|\d{{1,3}}){_GROUP_END}))"
        ),
        _locate_digits,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "card_grouped_by_four",
        re.compile(
            rf"{_GROUP_START}(?=(?P<pii>\d{{4}}{_SEPARATOR}(?:\d{{4}}{_SEPARATOR}\d{{4}}{_SEPARATOR}\d{{4}}|"
            rf"\d{{6}}{_SEPARATOR}\d{{4,5}}){_GROUP_END}))"
        ),
        _locate_digits,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "card_digit_by_digit",
        re.compile(rf"(?P<pii>\d{_ALONE_BEHIND}(?:[ .\-/|~_*]{{1,3}}\d){{11,18}}){_END}"),
        _locate_digits,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "card_glued_label",
        re.compile(rf"{_GLUED_LABEL}(?P<pii>\d(?:[ .\-/|~_*]{{0,3}}\d){{11,18}}){_GROUP_END}"),
        _locate_digits,
        needs=HAS_LONG_NUMBER,
        words=_LABEL_WORDS,
    ),
    Rule("card_spelled", SPELLED_NUMBER, _locate_spelled, words=DIGIT_WORDS),
)
