"""Payment card numbers: the check digit and the ranges that card schemes issue."""

import re

from metrics_api.detection.pii.cues import Cue, find_cue, is_labelled_otherwise
from metrics_api.detection.pii.document import HAS_LONG_NUMBER, Document, Span
from metrics_api.detection.pii.letters import GLUE
from metrics_api.detection.pii.rules import Rule
from metrics_api.detection.pii.spelled_digits import DIGIT_WORDS, SPELLED_NUMBER, read_digits

_ALONE = rf"(?<![{GLUE}+])(?<!\d[.:/_-])(?<![^\W\d_][/_-])"
_END = rf"(?![{GLUE}]|[.:/-]\d{{3}})"
_ISSUED = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}|"
    r"3(?:0[0-59]|6\d|[89]\d)\d{11}|(?:6011|64[4-9]\d|65\d\d|622\d)\d{12}(?:\d{3})?|62\d{14,17}|"
    r"35(?:2[89]|[3-8]\d)\d{12}|(?:1800|2131)\d{11}|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{9,15}"
)
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
    return _ISSUED.fullmatch(digits) is not None and not is_labelled_otherwise(document, start, end)


def _locate_digits(document: Document, match: re.Match[str]) -> Span | None:
    digits = re.sub(r"\D", "", match[0])
    return match.span() if _is_card(document, digits, *match.span()) else None


def _locate_spelled(document: Document, match: re.Match[str]) -> Span | None:
    digits = read_digits(match[0])
    return match.span() if 13 <= len(digits) <= 19 and _is_card(document, digits, *match.span()) else None


RULES = (
    Rule("card_bare", re.compile(rf"{_ALONE}\d{{12,19}}{_END}"), _locate_digits, needs=HAS_LONG_NUMBER),
    Rule(
        "card_grouped",
        re.compile(
            rf"{_ALONE}(?:\d{{4}}[ .\-]{{1,3}}\d{{4}}[ .\-]{{1,3}}\d{{4}}[ .\-]{{1,3}}\d{{4}}(?:[ .\-]\d{{3}})?|"
            rf"\d{{4}}[ .\-]{{1,3}}\d{{6}}[ .\-]{{1,3}}\d{{4,5}}|"
            rf"\d{{4}}[ .\-]\d{{4}}[ .\-]\d{{4}}[ .\-]\d{{1,3}}){_END}"
        ),
        _locate_digits,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "card_digit_by_digit",
        re.compile(rf"{_ALONE}\d(?:[ .\-]{{1,3}}\d){{11,18}}{_END}"),
        _locate_digits,
        needs=HAS_LONG_NUMBER,
    ),
    Rule("card_spelled", SPELLED_NUMBER, _locate_spelled, words=DIGIT_WORDS),
)
