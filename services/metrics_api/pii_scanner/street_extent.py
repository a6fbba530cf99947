"""How far an address reaches around its street and number: unit, town, post code, country."""

import re

from metrics_api.pii_scanner.letters import CAPITAL, NAME, PARTICLE
from metrics_api.pii_scanner.street_words import FUNCTION_WORDS, UNIT, UNIT_BEHIND

_BREAK = r"(?:,?[ \t]{0,24}+\n[>? \t,]{0,24}|,[ \t]{0,24})"
_UNIT = rf"(?:{_BREAK}|[ ])(?i:{UNIT_BEHIND})\.?\s?#?\s?(?:\d{{1,4}}[A-Za-z]?|[A-Z])(?!\w)\.?"
_TOWN = rf"(?:{NAME}\.?|[A-Z]{{2,3}})(?:[ \-](?:{PARTICLE}[ ]){{0,2}}{NAME}\.?){{0,4}}(?: \([^)\n]{{2,20}}\))?"
POST_CODE = (
    r"(?:(?:[A-Z]{1,2}-)?(?:\d{2}-\d{3}|\d{3} \d{2}|\d{5}-\d{3,4}|\d{4}-\d{3}|\d{4} ?[A-Z]{2}|\d{4,6})|"
    r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z]\d[\dW] ?[\dA-Z]{4})(?!\w|-\d)"
)
_PLACE = rf"(?:{POST_CODE}(?:,?[ ]{_TOWN})?|{_TOWN}(?:[ ,]{{1,2}}{POST_CODE})?)(?![ ]?:|['’]?\w)"
_SEGMENT = re.compile(rf"(?:{_BREAK}|[ ]-[ ]){_PLACE}|(?:[ ]|{_BREAK}){POST_CODE}(?:,?[ ]{_TOWN})?")
_UNIT_NEXT = re.compile(_UNIT)
_BESIDE_UNIT = re.compile(rf"[ ]{_PLACE}")
_LOWER_SEGMENTS = re.compile(
    r"(?:,?[ \n]{1,8}[^\W\d_]{2,40}+(?:[ ][^\W\d_]{2,40}+){0,3}){0,3}[ \n]{1,8}\d{4,5}(?!\w)|"
    r"(?:,[ ][^\W\d_]{2,40}+(?:[ ][^\W\d_]{2,40}+)?){1,2}(?=[.?!]|$)"
)
_POST_CODE_TAIL = re.compile(rf"(?:[ ]|{_BREAK}){POST_CODE}|{_BREAK}{_TOWN}[ ,]{{1,2}}(?:[A-Z]{{2,3}},? )?{POST_CODE}")
_TAIL = re.compile(rf"{_UNIT}|{_POST_CODE_TAIL.pattern}|,[ ]?[{CAPITAL}]")
_UNIT_AHEAD = re.compile(rf"(?i:{UNIT}|studio)\.?\s?#?\d{{1,4}}[A-Za-z]?(?:,[ ]|[ \n/])$")
_NUMBER_ENDS = re.compile(r"\d[A-Za-z]?,?[ \n/]$")
_NUMBER_AHEAD = re.compile(r"(?<![\w.,:/-])(?:\d{1,6}[A-Za-z]?|\d{1,4}[/-]\d{1,4})(?:,[ ]|[ ])$")
_MAX_UNITS, _MAX_SEGMENTS = 4, 5


def extend_address(text: str, start: int, end: int) -> tuple[int, int]:
    """Take in a number or unit right before, and unit, town, region, post code and country after."""
    return _extend_back(text, start), _extend_on(text, end)


def has_tail(text: str, end: int) -> bool:
    """Whether a unit, a post code, or a town after a comma follows, as after a street."""
    return _TAIL.match(text, end) is not None


def has_post_code(text: str, end: int) -> bool:
    """Whether a post code follows, at once or after a town."""
    return _POST_CODE_TAIL.match(text, end) is not None


def _extend_back(text: str, start: int) -> int:
    if not _NUMBER_ENDS.search(text, max(0, start - 5), start):
        return start
    for ahead in (_UNIT_AHEAD, _NUMBER_AHEAD, _UNIT_AHEAD):
        found = ahead.search(text, max(0, start - 20), start)
        if found:
            start = found.start()
    return start


def _extend_on(text: str, end: int) -> int:
    unit_end = _skip_units(text, end)
    behind = _BESIDE_UNIT.match(text, unit_end) if unit_end > end else None
    end = behind.end() if behind else unit_end
    for _ in range(_MAX_SEGMENTS):
        segment = _SEGMENT.match(text, end)
        if segment is None:
            break
        end = segment.end()
    lower = _LOWER_SEGMENTS.match(text, end)
    if lower and FUNCTION_WORDS.isdisjoint(lower[0].split()):
        end = lower.end()
    return end


def _skip_units(text: str, end: int) -> int:
    for _ in range(_MAX_UNITS):
        unit = _UNIT_NEXT.match(text, end)
        if unit is None:
            break
        end = unit.end()
    return end
