"""Phone numbers in the written formats of many countries."""

import re
from itertools import pairwise

import phonenumbers

from metrics_api.detection.pii.cues import Cue, find_cue, is_labelled_otherwise
from metrics_api.detection.pii.document import HAS_LONG_NUMBER, Document, Span
from metrics_api.detection.pii.letters import GLUE
from metrics_api.detection.pii.rules import Rule
from metrics_api.detection.pii.spelled_digits import DIGIT_WORDS, SPELLED_NUMBER, read_digits

# A number glued to a longer token (an identifier, a version, a decimal) is no phone number.
_FREE = rf"(?<![{GLUE}+])"
_ALONE = rf"{_FREE}(?<!\d[.:/_#-])(?<![^\W\d_][/_#-])(?<!\.\.)"
_END = rf"(?![{GLUE}]|[.:/-]\d)"
_EXTENSION = r"(?:\s?(?:x|ext\.?|extension)\s?\d{1,6}(?!\w))?"
_SEPARATOR = r"[ .\-/()]"
_NUMBER = re.compile(r"\d+")
_LAST_GROUP = re.compile(r"[^\d]{1,4}\d+$")
_DATE_LIKE = re.compile(
    r"(?:19|20)\d\d([./-])\d{1,2}\1\d{1,2}(?!\d)|\d{1,2}([./ -])\d{1,2}\2(?:19|20)\d\d(?!\d)|"
    r"\d{1,2}([./-])\d{1,2}\3\d\d(?![./ -]?\d)|(?:19|20)\d\d ?- ?(?:19|20)\d\d(?!\d)|(?:19|20)\d\d[01]\d[0-3]\d$"
)
_DECIMAL = re.compile(r"\d{1,3}\.\d{4,}$")
_FICTIONAL = re.compile(r"1?(?:555\d{7}|[2-9]\d{2}555\d{4})$")
_BYTE_BEFORE = re.compile(r"(?<!\w)[0-9a-f]{2} {1,2}$")
_ALL_DIGITS = "01234567890 09876543210"
_THREES = re.compile(r"\d{3}(?: \d{3}){2}")
_LONG_AREA_CODE = re.compile(r"\(?\d{5}")
_PAIRS = re.compile(r"\d\d(?: \d\d)+")
_NANP_COUNTRY_CODE = 1

# A number in a telling format is doubted only for words right before it, any other for those further away.
_NEAR, _FAR = 14, 48

_REGIONS_WITH_TRUNK_ZERO = ("GB", "FR", "DE", "AU", "IT", "NL", "BE", "IL", "ZA", "JP", "IN", "SE", "CH", "AT", "IE")


def _digits(written: str) -> str:
    return "".join(_NUMBER.findall(written))


def _is_possible(number: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False


def _is_valid(number: str, region: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False


def _is_numbering(written: str) -> bool:
    """Recognise 01 02 03 04 05: a list of consecutive numbers."""
    numbers = [int(number) for number in _NUMBER.findall(written)]
    return len(numbers) > 2 and {after - before for before, after in pairwise(numbers)} == {1}


def _locate_international(document: Document, match: re.Match[str]) -> Span | None:
    """Cut groups off the end until the length is possible in the country that the prefix names."""
    written = match["number"]
    if _DECIMAL.match(written) or is_labelled_otherwise(document, *match.span(), _NEAR):
        return None
    for _ in range(4):
        digits = _digits(written.replace("(0)", ""))
        if len(digits) < 8:
            return None
        if _is_possible(f"+{digits}"):
            whole = written == match["number"]
            return match.start(), match.end() if whole else match.start("number") + len(written)
        written = _LAST_GROUP.sub("", written)
    return None


def _locate_international_prefix(document: Document, match: re.Match[str]) -> Span | None:
    """Take 00 or 011 for + when groups follow; a bare run of digits must be a valid number or be called a phone."""
    if match[0].isdecimal() and find_cue(document, *match.span(), _FAR) is not Cue.PHONE:
        number = f"+{match['number']}"
        return match.span() if _is_valid(number, document.phone_region) else None
    return _locate_international(document, match)


def _locate_link(_document: Document, match: re.Match[str]) -> Span | None:
    return match.span("pii")


def _locate_grouped(document: Document, match: re.Match[str]) -> Span | None:
    if _DATE_LIKE.match(match[0].lstrip("(")) or is_labelled_otherwise(document, *match.span(), _NEAR):
        return None
    return match.span()


def _locate_trunk_zero(document: Document, match: re.Match[str]) -> Span | None:
    """Take 9 to 12 digits in groups behind a leading zero, as most of the world writes at home."""
    count = len(_digits(match["number"]))
    fewest = 10 if _LONG_AREA_CODE.match(match["number"]) else 9
    if not fewest <= count <= 12 or _is_numbering(match["number"]):
        return None
    if _PAIRS.fullmatch(match["number"]) and _is_in_a_list(document, match):
        return None
    if _THREES.fullmatch(match["number"]) and find_cue(document, *match.span(), _FAR) is not Cue.PHONE:
        return None
    return _locate_grouped(document, match)


def _is_in_a_list(document: Document, match: re.Match[str]) -> bool:
    """Doubt pairs of digits more than other groups: a lottery draw, a dump of bytes."""
    if _BYTE_BEFORE.search(document.lower, max(0, match.start() - 4), match.start()):
        return True
    return is_labelled_otherwise(document, *match.span(), _FAR)


def _locate_area_code(document: Document, match: re.Match[str]) -> Span | None:
    return _locate_grouped(document, match) if 8 <= len(_digits(match["number"])) <= 12 else None


def _locate_cued(document: Document, match: re.Match[str]) -> Span | None:
    """Take any grouping of 7 to 15 digits where the words around say that it is a phone."""
    written = match["number"]
    if len(_digits(written)) > 15:
        written = _LAST_GROUP.sub("", written)
    start, end = match.start(), match.start() + len(written)
    if not 7 <= len(_digits(written)) <= 15 or _DATE_LIKE.match(written) or _is_numbering(written):
        return None
    reach = _NEAR if document.text[start - 1 : start] == "=" else _FAR
    if find_cue(document, start, match.end(), reach) is not Cue.PHONE:
        return None
    return start, match.end() if written == match["number"] else end


def _locate_regional(document: Document, match: re.Match[str]) -> Span | None:
    """Take groups that make a valid number of the scanner's own region, where groups alone do not tell."""
    region = document.phone_region
    if phonenumbers.country_code_for_region(region) == _NANP_COUNTRY_CODE:
        return None
    if is_labelled_otherwise(document, *match.span(), _FAR) or not _is_valid(match[0], region):
        return None
    return match.span()


def _locate_bare(document: Document, match: re.Match[str]) -> Span | None:
    """Take digits without groups when they are a valid number of the region, or a fictional one."""
    if not (_FICTIONAL.match(match[0]) or _is_valid(match[0], document.phone_region)):
        return None
    return None if is_labelled_otherwise(document, *match.span(), _FAR) else match.span()


def _locate_bare_trunk_zero(document: Document, match: re.Match[str]) -> Span | None:
    if match[0] in _ALL_DIGITS or is_labelled_otherwise(document, *match.span(), _FAR):
        return None
    return match.span() if any(_is_valid(match[0], region) for region in _REGIONS_WITH_TRUNK_ZERO) else None


def _locate_spelled(document: Document, match: re.Match[str]) -> Span | None:
    """Take 10 to 12 spelled digits, or 7 to 15 where the words around say that it is a phone."""
    count = len(read_digits(match[0]))
    if 10 <= count <= 12 and not is_labelled_otherwise(document, *match.span(), _NEAR):
        return match.span()
    if 7 <= count <= 15 and find_cue(document, *match.span(), _FAR) is Cue.PHONE:
        return match.span()
    return None


RULES = (
    Rule(
        "phone_international",
        re.compile(
            rf"{_FREE}\(?\+[ ]?(?P<number>\(?[1-9](?:{_SEPARATOR}{{0,3}}\d){{6,16}}(?!\d)){_EXTENSION}(?![{GLUE}])"
        ),
        _locate_international,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "phone_international_prefix",
        re.compile(
            rf"{_ALONE}(?:00|011)[ .\-/]?(?P<number>[1-9](?:{_SEPARATOR}{{0,3}}\d){{6,16}}(?!\d))"
            rf"{_EXTENSION}(?![{GLUE}])"
        ),
        _locate_international_prefix,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "phone_link",
        re.compile(r"(?<![\w.])(?:wa\.me/|tel:|sms:|callto:)(?P<pii>\+?\d(?:[\-. ]?\d){6,14})(?!\d)"),
        _locate_link,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "phone_north_american",
        re.compile(
            rf"{_ALONE}(?:\+?1[ .\-]{{0,2}})?(?:\(\d{{3}}\)[ .\-]{{0,3}}\d{{3}}[ .\-]{{0,3}}\d{{4}}|"
            rf"\d{{3}}[ .\-/]{{1,3}}\d{{3}}[ .\-]{{1,3}}\d{{4}}|[2-9]\d\d-\d{{7}}){_EXTENSION}{_END}"
        ),
        _locate_grouped,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "phone_trunk_zero",
        re.compile(
            rf"{_ALONE}(?P<number>(?:\(0[1-9]\d{{0,3}}\)|0[1-9]\d{{0,3}})(?:[ .\-/]{{1,3}}\d{{2,8}}){{1,5}})"
            rf"{_EXTENSION}{_END}"
        ),
        _locate_trunk_zero,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "phone_area_code",
        re.compile(
            rf"{_ALONE}(?P<number>(?:8[ \-]?)?\((?!(?:19|20)\d\d\))[1-9]\d{{1,4}}\)[ .\-]{{0,2}}\d{{2,5}}"
            rf"(?:[ .\-]\d{{2,4}}){{1,3}}){_EXTENSION}{_END}"
        ),
        _locate_area_code,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "phone_national_groups",
        re.compile(
            rf"{_ALONE}(?:\d\d[ .\-]\d{{3}}[ .\-]\d{{3}}[ .\-]\d{{4}}|1[3-9]\d[ \-]\d{{4}}[ \-]\d{{4}}|"
            rf"8[ \-]?9\d\d[ \-]\d{{3}}[ \-]\d\d[ \-]\d\d|[1-9]\d 9\d{{4}}-\d{{4}}|555-\d{{4}}){_END}"
        ),
        _locate_grouped,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "phone_named_by_words",
        re.compile(rf"{_ALONE}(?P<number>\(?\d(?:{_SEPARATOR}{{0,3}}\d){{6,16}}){_EXTENSION}{_END}"),
        _locate_cued,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "phone_regional",
        re.compile(rf"{_ALONE}\d{{2,4}}(?:[ .\-]\d{{2,4}}){{1,4}}{_END}"),
        _locate_regional,
        needs=HAS_LONG_NUMBER,
    ),
    Rule("phone_bare", re.compile(rf"{_ALONE}(?<!-)1?[2-9]\d{{8,10}}{_END}"), _locate_bare, needs=HAS_LONG_NUMBER),
    Rule(
        "phone_bare_trunk_zero",
        re.compile(rf"{_ALONE}(?<!-)0[1-9]\d{{8,9}}{_END}"),
        _locate_bare_trunk_zero,
        needs=HAS_LONG_NUMBER,
    ),
    Rule("phone_spelled", SPELLED_NUMBER, _locate_spelled, words=DIGIT_WORDS),
)
