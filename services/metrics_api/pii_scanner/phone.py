"""Phone numbers in the written formats of many countries."""

import re

import phonenumbers

from metrics_api.pii_scanner.cues import Cue, find_cue, is_labelled_otherwise, is_money
from metrics_api.pii_scanner.document import HAS_BRACKET, HAS_LONG_NUMBER, HAS_PLUS, Document, Span
from metrics_api.pii_scanner.letters import GLUE
from metrics_api.pii_scanner.number_context import (
    is_argument,
    is_calculated,
    is_counting,
    is_labelled_identifier,
    is_listed,
    is_round_or_binary,
    is_sequence,
    is_well_known,
)
from metrics_api.pii_scanner.rules import Rule
from metrics_api.pii_scanner.spelled_digits import (
    DIGIT_WORDS,
    SPELLED_NUMBER,
    is_read_as_amount,
    read_digits,
)

# A number glued to a longer token (an identifier, a version, a decimal) is no phone number.
_FREE = rf"(?<![{GLUE}+])"
_ALONE = rf"{_FREE}(?<!\d[.:/_#-])(?<![^\W\d_][/_#-])(?<!\.\.)"
_END = rf"(?![{GLUE}]|[.:/-]\d)"
# A second phone may follow, or the other end of a short range: 202-555-0143-44, 202-555-0143/202-555-0144.
# The same after the first character: a pattern that begins with a class of characters is searched much faster.
_ALONE_BEHIND = rf"(?<![{GLUE}+].)(?<!\d[.:/_#-].)(?<![^\W\d_][/_#-].)(?<!\.\..)"
_PAIR_START = rf"{_FREE}(?<!\d[.:_#-])(?<![^\W\d_][/_#-])(?<!\.\.)(?:(?<!\d/)|(?<=\d{{4}}/))"
_PAIR_END = rf"(?![{GLUE}]|[.:]\d|[/-](?!\d{{2,4}}(?![\w./-])|\(?\d{{3}}[\-. )])\d)"
_EXTENSION = r"(?:\s?(?:x|ext\.?|extension)\s?\d{1,6}(?!\w))?"
_GLUED_EXTENSION = r"(?:x\d{1,6}(?!\w)|\s?(?:ext\.?|extension)\s?\d{1,6}(?!\w))?"
_SEPARATOR = r"[ .\-/()|~_]"
_ANY_SEPARATOR = r"[ .\-/()|~_*:]"
_COLONS = re.compile(r"\d{3}:\d{3}:\d{4}$")
_SPACED_SIGN = re.compile(r"\d [\-/] \d")
_BLANKS_ONLY = re.compile(r"[\d ]+")
_NUMBER = re.compile(r"\d+")
_LAST_GROUP = re.compile(r"[^\d]{1,4}\d+$")
_DATE_LIKE = re.compile(
    r"(?:19|20)\d\d([./-])\d{1,2}\1\d{1,2}(?!\d)|\d{1,2}([./ -])\d{1,2}\2(?:19|20)\d\d(?!\d)|"
    r"\d{1,2}([./-])\d{1,2}\3\d\d(?![./ -]?\d)|(?:19|20)\d\d ?- ?(?:19|20)\d\d(?!\d)|(?:19|20)\d\d[01]\d[0-3]\d$"
)
_DECIMAL = re.compile(r"\d{1,3}\.\d{4,}$")
_FICTIONAL = re.compile(r"1?(?:555\d{7}|[2-9]\d{2}555\d{4})$")
_OPERAND = re.compile(r"(?:[\d)]|(?<!\w)[a-z])\s{0,2}$")
_IN_EQUAL_GROUPS = re.compile(r"\d\d(?:[ .\-]\d\d)+|\d{3}(?: \d{3}){2}|\d{4}(?: \d{4}){1,2}")
_PHONE_BEFORE = re.compile(
    r"\b(?:phone|tel|telephone|mobile|cell|whatsapp|fax|landline|(?:call|text|txt|ring|dial) "
    r"(?:me|us|him|her|mom|mum|dad))"
    r"(?: number| no)?\.?(?: is| at| on)?[ :#=]{0,3}$"
)
_LONG_AREA_CODE = re.compile(r"\(?\d{5}")
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


def _is_called(document: Document, match: re.Match[str]) -> bool:
    return find_cue(document, *match.span(), _FAR) is Cue.PHONE


def _is_no_phone(document: Document, match: re.Match[str]) -> bool:
    """Rule out what has a label of its own, is calculated with or only made of ones and zeros.

    Other words nearby do not hide a number in a telling format: "my score 415-555-2671".
    """
    return (
        set(_digits(match[0])) <= {"0", "1"}
        or is_labelled_identifier(document, match.start())
        or is_calculated(document, *match.span())
    )


def _is_exercise(document: Document, match: re.Match[str]) -> bool:
    """Doubt numbers that blanks, or signs between blanks, part as in lists and subtractions."""
    written = match[0].strip()
    if _SPACED_SIGN.search(written) and not _FICTIONAL.match(_digits(written)):
        return not _is_called(document, match)
    if not _BLANKS_ONLY.fullmatch(written):
        return False
    if is_money(document, match.start()) or (is_listed(document, *match.span()) and not _is_called(document, match)):
        return True
    return is_labelled_otherwise(document, *match.span(), _FAR) and not _FICTIONAL.match(_digits(written))


def _locate_international(document: Document, match: re.Match[str]) -> Span | None:
    """Cut groups off the end until the length is possible in the country that the prefix names."""
    written = match["number"]
    if _DECIMAL.match(written) or _is_no_phone(document, match) or _is_summand(document, match):
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


def _is_summand(document: Document, match: re.Match[str]) -> bool:
    """Tell "x + 39916800" from "call +39916800": digits in one piece after what can be added to."""
    if match["number"].isdecimal() and _OPERAND.search(document.lower, max(0, match.start() - 4), match.start()):
        return not _is_called(document, match)
    return False


def _locate_international_prefix(document: Document, match: re.Match[str]) -> Span | None:
    """Take 00 or 011 for + when groups follow; a bare run of digits must be a valid number or be called a phone."""
    if match[0].isdecimal() and not _is_called(document, match):
        number = f"+{match['number']}"
        is_bare = is_well_known(match["number"]) or _is_no_phone(document, match)
        return match.span() if not is_bare and _is_valid(number, document.phone_region) else None
    is_exercise = _IN_EQUAL_GROUPS.fullmatch(match[0]) or _is_exercise(document, match)
    if is_sequence(match[0]) or (is_exercise and not _is_called(document, match)):
        return None
    return _locate_international(document, match)


def _locate_labelled(document: Document, match: re.Match[str]) -> Span | None:
    """Take what is glued to a label; fewer digits than ten in one piece only after a label of phones."""
    written = match["pii"]
    if is_labelled_identifier(document, match.start("pii")):
        return None
    digits = _digits(written)
    fewest = 10 if digits == written and match["verb"] else 7
    is_short = digits == written and len(digits) == 7 and (match["verb"] or digits.endswith("000"))
    if not fewest <= len(digits) <= 15 or is_short or is_well_known(digits):
        return None
    return match.span("pii")


def _locate_grouped(document: Document, match: re.Match[str]) -> Span | None:
    if _DATE_LIKE.match(match[0].lstrip("(")) or _is_no_phone(document, match) or _is_exercise(document, match):
        return None
    return match.span()


def _locate_trunk_zero(document: Document, match: re.Match[str]) -> Span | None:
    """Take 9 to 12 digits in groups after a leading zero, as most of the world writes at home."""
    count = len(_digits(match["number"]))
    fewest = 10 if _LONG_AREA_CODE.match(match["number"]) else 9
    if not fewest <= count <= 12 or is_counting(match["number"]):
        return None
    if _IN_EQUAL_GROUPS.fullmatch(match["number"]) and not _is_called(document, match):
        return None
    return _locate_grouped(document, match)


def _locate_area_code(document: Document, match: re.Match[str]) -> Span | None:
    return _locate_grouped(document, match) if 8 <= len(_digits(match["number"])) <= 12 else None


def _locate_cued(document: Document, match: re.Match[str]) -> Span | None:
    """Take any grouping of 7 to 15 digits where the words around say that it is a phone."""
    written = match["number"]
    if len(_digits(written)) > 15:
        written = _LAST_GROUP.sub("", written)
    start, end = match.start(), match.start() + len(written)
    if _DATE_LIKE.match(written) or is_counting(written):
        return None
    reach = _NEAR if document.text[start - 1 : start] == "=" else _FAR
    if find_cue(document, start, match.end(), reach) is not Cue.PHONE or not _may_be_called(document, written, start):
        return None
    return start, match.end() if written == match["number"] else end


def _may_be_called(document: Document, written: str, start: int) -> bool:
    """Ask of digits in one piece a phone's length, and of seven that the word for a phone is right before."""
    digits = _digits(written)
    if not 7 <= len(digits) <= 15 or is_round_or_binary(digits) or is_labelled_identifier(document, start):
        return False
    if ":" in written and not _COLONS.match(written):
        return False
    if len(digits) > 7 or digits != written.strip("()"):
        return True
    return not digits.endswith("000") and _PHONE_BEFORE.search(document.lower, max(0, start - 32), start) is not None


def _locate_regional(document: Document, match: re.Match[str]) -> Span | None:
    """Take groups that make a valid number of the scanner's own region, where groups alone do not tell."""
    region = document.phone_region
    if phonenumbers.country_code_for_region(region) == _NANP_COUNTRY_CODE:
        return None
    if is_labelled_otherwise(document, *match.span(), _FAR) or not _is_valid(match[0], region):
        return None
    return None if _is_no_phone(document, match) or is_listed(document, *match.span()) else match.span()


def _locate_bare(document: Document, match: re.Match[str]) -> Span | None:
    """Take digits without groups when they are a valid number of the region, or a fictional one."""
    number = match["number"]
    if is_well_known(number) or not (_FICTIONAL.match(number) or _is_valid(number, document.phone_region)):
        return None
    return None if _is_bare_number(document, match) else match.span()


def _is_bare_number(document: Document, match: re.Match[str]) -> bool:
    """Whether words, a calculation or code around digits in one piece tell that they are just a number."""
    return (
        is_labelled_otherwise(document, *match.span(), _FAR)
        or is_calculated(document, *match.span())
        or is_argument(document, match.start())
    )


def _locate_bare_trunk_zero(document: Document, match: re.Match[str]) -> Span | None:
    if is_well_known(match[0]) or _is_bare_number(document, match):
        return None
    return match.span() if any(_is_valid(match[0], region) for region in _REGIONS_WITH_TRUNK_ZERO) else None


def _locate_spelled(document: Document, match: re.Match[str]) -> Span | None:
    """Take 10 to 12 spelled digits, or 7 to 15 where the words around say that it is a phone."""
    digits = read_digits(match[0])
    if not 7 <= len(digits) <= 15:
        return None
    if _is_called(document, match):
        return match.span()
    if not 10 <= len(digits) <= 12 or is_well_known(digits) or is_read_as_amount(match[0]):
        return None
    return None if is_labelled_otherwise(document, *match.span(), _FAR) else match.span()


_OWNERS = "my home work cell mobile parent parents mom dad mum emergency".split()
_PHONES = "phone telephone telefon tel mobile mobil mob cellphone cell cel whatsapp fax handy ph callto sms".split()
_VERBS = "call text txt dial ring contact number num reach".split()
_NUMBERS = "number num no nr me us at on".split()
_LABEL = (
    rf"(?<![^\W\d_])(?:(?:{'|'.join(_OWNERS)})[ _\-]?)?(?:{'|'.join(_PHONES)}|wa\.me/|(?P<verb>{'|'.join(_VERBS)}))"
    rf"(?:[ _\-]?(?:{'|'.join(_NUMBERS)}))?\.?"
)
_LABEL_WORDS = frozenset(
    owner + label + number for owner in ("", *_OWNERS) for label in (*_PHONES, *_VERBS) for number in ("", *_NUMBERS)
) | {"wa", "me"}

RULES = (
    Rule(
        "phone_international",
        re.compile(
            rf"{_FREE}\(?\+[ ]?(?P<number>\(?[1-9](?:{_SEPARATOR}{{0,3}}\d){{6,16}}(?!\d)){_EXTENSION}(?![{GLUE}])"
        ),
        _locate_international,
        needs=HAS_LONG_NUMBER | HAS_PLUS,
    ),
    Rule(
        "phone_international_prefix",
        re.compile(
            rf"0{_ALONE_BEHIND}(?:0|11)[ .\-/]?(?P<number>[1-9](?:{_SEPARATOR}{{0,3}}\d){{6,16}}(?!\d))"
            rf"{_EXTENSION}(?![{GLUE}])"
        ),
        _locate_international_prefix,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "phone_glued_label",
        re.compile(
            rf"{_LABEL}(?:[#:=._/\-]{{1,3}} ?)?(?P<pii>\+?\(?\d(?:{_ANY_SEPARATOR}{{0,2}}\d){{6,14}}(?!\d){_EXTENSION})"
            rf"(?![{GLUE}])"
        ),
        _locate_labelled,
        needs=HAS_LONG_NUMBER,
        words=_LABEL_WORDS,
    ),
    Rule(
        "phone_north_american",
        re.compile(
            rf"{_PAIR_START}(?:\+?1(?:[ .\-/]{{1,2}}|(?=[2-9(])))?(?:\(\d{{3}}\)[ .\-]{{0,3}}\d{{3}}[ .\-]{{0,3}}"
            rf"\d{{4}}|\d{{3}}[ .\-/|~_]{{1,3}}\d{{3}}[ .\-/|~_]{{1,3}}\d{{4}}|[2-9]\d\d-\d{{7}})"
            rf"{_EXTENSION}{_PAIR_END}"
        ),
        _locate_grouped,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "phone_trunk_zero",
        re.compile(
            rf"(?P<number>[(0]{_ALONE_BEHIND}(?:(?<=\()0[1-9]\d{{0,3}}\)|(?<=0)[1-9]\d{{0,3}})"
            rf"(?:[ .\-/]{{1,3}}\d{{2,8}}){{1,5}}){_EXTENSION}{_END}"
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
        needs=HAS_LONG_NUMBER | HAS_BRACKET,
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
        re.compile(
            rf"(?P<number>[(\d]{_ALONE_BEHIND}(?:(?<=\()\d|(?<!\())(?:{_ANY_SEPARATOR}{{0,3}}\d){{6,16}}){_EXTENSION}{_PAIR_END}"
        ),
        _locate_cued,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "phone_regional",
        re.compile(rf"\d{_ALONE_BEHIND}\d{{1,3}}(?:[ .\-]\d{{2,4}}){{1,4}}{_END}"),
        _locate_regional,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "phone_bare",
        re.compile(rf"(?P<number>[1-9]{_ALONE_BEHIND}(?<!-.)(?:(?<=1)[2-9]|(?<!1))\d{{8,10}}){_GLUED_EXTENSION}{_END}"),
        _locate_bare,
        needs=HAS_LONG_NUMBER,
    ),
    Rule(
        "phone_bare_trunk_zero",
        re.compile(rf"0{_ALONE_BEHIND}(?<!-.)[1-9]\d{{8,9}}{_END}"),
        _locate_bare_trunk_zero,
        needs=HAS_LONG_NUMBER,
    ),
    Rule("phone_spelled", SPELLED_NUMBER, _locate_spelled, words=DIGIT_WORDS),
)
