"""Street addresses in many national formats, post boxes and military post."""

import re
from collections.abc import Iterable

from metrics_api.pii_scanner import street_scripts
from metrics_api.pii_scanner.document import HAS_DIGIT, Document, Span
from metrics_api.pii_scanner.letters import CAPITAL, NAME, PARTICLE
from metrics_api.pii_scanner.rules import Rule
from metrics_api.pii_scanner.street_context import has_evidence, is_cued, locate_before_unit, locate_cued
from metrics_api.pii_scanner.street_extent import POST_CODE, extend_address, has_post_code
from metrics_api.pii_scanner.street_words import (
    AMBIGUOUS_ENDINGS,
    AMBIGUOUS_STREETS_FIRST,
    COUNTED_THINGS,
    CUE,
    CUE_WORDS,
    DOUBTFUL_STREETS,
    ENGLISH_STREETS,
    FUNCTION_WORDS,
    NUMBERED_THINGS,
    PLAIN_WORD_STREETS,
    STREET_ENDINGS,
    STREETS_AFTER,
    STREETS_BETWEEN_NUMBER_AND_NAME,
    STREETS_FIRST,
    UNIT,
    UNIT_WORDS,
)

_WORD = re.compile(r"[^\W\d_]+")
_WORD_OF_NAME = re.compile(rf"[^\W\d_]{{3}}|[{CAPITAL}]|.{{0,40}}[.'’]")


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _first_words(words: Iterable[str]) -> frozenset[str]:
    return frozenset(_WORD.findall(word)[0] for word in words)


_FREE = r"(?:(?<![\w.,:#$€£+/-])|(?<=(?<!\[)address:))"
_HOUSE = r"\d{1,5}(?:[ ]?[a-z](?!\w))?(?:[-/][\da-z]{1,4})?(?!\w|[.,:]\d|[%€$°])"
_NUMBER = r"\d{1,4}(?:[ ]?[a-z](?!\w))?(?:[-/]\d{1,4}[a-z]?)?(?!\w|[.,:/-]\d|[%€$°])\.?"
_NUMBER_SIGN = r"(?:n[.or°º]{0,2}|no:|№|д\.?|буд\.?|дом|kbr\.?|#)"
_NAME_PART = r"(?:[^\W\d_][\w'’.\-]{0,40}+|\d{1,2}\.?(?=[ ][^\W\d_]))"
_STREET_TYPES = STREETS_FIRST | STREETS_BETWEEN_NUMBER_AND_NAME
_STREET_SUFFIXES = ENGLISH_STREETS | DOUBTFUL_STREETS
_STREET_WORD = re.compile(r"[^\s]+")
_PLACES = frozenset(
    "key keys club mission missions camp stream forest beach light lights course park parks points".split()
)
_COUNTER_BEFORE = re.compile(
    r"\b(?:pages?|pp?\.|levels?|lvl|stages?|worlds?|chapters?|seasons?|episodes?|missions?|quests?|tracks?|songs?|laps?|"
    r"parts?|volumes?|exercises?|questions?|problems?|figures?|rounds?|lessons?|puzzles?|races?|watch(?:ed|ing|es)?|saw|"
    r"seen|read|reading|played|playing|play|beat|movies?|films?|called|titled)[ :#]{1,2}$"
)
_YEAR_BEFORE = re.compile(r"\b(?:in|since|of|by|during|from|until|the|year|and)\s$")
_YEAR = re.compile(r"(?:19|20)\d\d$")
_SURE_WHEN_CAPITAL = ("str", "weg", "ntie")
_DIRECTION = re.compile(r"\s(?:n|s|e|w|ne|nw|se|sw|north|south|east|west)\b\.?")


def _locate_number_first(document: Document, match: re.Match[str]) -> Span | None:
    """Take 14 Crown Street; not "5 minutes down the road", "In 1977 Wall Street" or "3 friends walk"."""
    end = _end_of_street_words(match)
    if end is None or _is_no_house(document, match):
        return None
    if document.text[match.start("words")].islower() and match["words"].split()[0] in COUNTED_THINGS:
        return None
    if _YEAR.match(match["number"]) and _YEAR_BEFORE.search(document.lower, max(0, match.start() - 8), match.start()):
        return None
    written = document.text[match.start("words") : end].split()
    if not (_is_surely_street(match["number"], written) or has_evidence(document, match.start(), end)):
        return None
    direction = _DIRECTION.match(document.lower, end)
    return extend_address(document.text, match.start(), direction.end() if direction else end)


def _is_no_house(document: Document, match: re.Match[str]) -> bool:
    """Recognize a page, a level, a film, the lanes of a road and "3 chapters of Sesame Street"."""
    if _COUNTER_BEFORE.search(document.lower, max(0, match.start() - 16), match.start()):
        return True
    words = match["words"].split()
    is_part = words[1] == "of" and document.text[match.start("words")].islower()
    return is_part or words[0] in ("lane", "lanes")


def _end_of_street_words(match: re.Match[str]) -> int | None:
    """The end of the first word, or two in a row, that makes a street of the words before it."""
    end = None
    for index, word in enumerate(_STREET_WORD.finditer(match["words"])):
        is_street = word[0].rstrip(".") in _STREET_SUFFIXES
        if (end is not None and not is_street) or word[0] in FUNCTION_WORDS:
            break
        if index and is_street:
            end = match.start("words") + word.end()
    return end


def _is_surely_street(number: str, written: list[str]) -> bool:
    """Ask for capitals in everyday words, and for three digits before the name of what may be another place."""
    suffix = written[-1].rstrip(".").lower()
    if not _is_capitalised(written) or written[0].lower() in COUNTED_THINGS:
        return suffix in ENGLISH_STREETS - PLAIN_WORD_STREETS
    return suffix in ENGLISH_STREETS or (suffix not in _PLACES and len(number) > 2 and not _YEAR.match(number))


def _is_capitalised(words: list[str]) -> bool:
    return all(word[0].isupper() or word[0].isdecimal() or len(word) < 4 for word in words) and words[-1][0].isupper()


_NUMBER_BEFORE = re.compile(r"(?<![\w.,:/-])\d{1,5}(?:[ ]?(?:bis|ter|quater|[a-z]))?,?[ ]$")
_NAME_AND_NUMBER = re.compile(
    rf"(?P<name>{_NAME_PART}(?:[ ]{_NAME_PART}){{0,6}}?),?[ ](?:{_NUMBER_SIGN}[ ]?)?{_NUMBER}"
)
_NAMES = re.compile(rf"(?:{PARTICLE}[ ]?){{0,3}}{NAME}\.?(?:[ \-](?:{PARTICLE}[ ]){{0,2}}{NAME}\.?){{0,5}}")
_LOWER_NAMES = re.compile(rf"(?:{PARTICLE}[ ]?){{0,3}}[^\W\d_]{{3,}}")
_GRID = re.compile(r"\d{1,3}[a-z]{0,2}(?: (?:bis|sur|este))?,? ?(?:#|no\.?|n°) ?\d{1,3}[a-z]{0,2} ?- ?\d{1,3}")


def _locate_type_first(document: Document, match: re.Match[str]) -> Span | None:
    """Take Rua do Arenque 1634, 56 rue La Boétie and Calle 20 # 6D-1: a number must stand on one side."""
    kind = match["type"]
    before = _NUMBER_BEFORE.search(document.lower, max(0, match.start() - 12), match.start())
    if kind in STREETS_BETWEEN_NUMBER_AND_NAME and not before:
        return None
    end = _end_of_name(document, match, has_number_before=before is not None)
    if end is None or _is_english_name(document, match, end):
        return None
    start = before.start() if before else match.start()
    is_doubtful = kind in AMBIGUOUS_STREETS_FIRST and document.text[match.start()].islower()
    if is_doubtful and not has_evidence(document, start, end):
        return None
    return extend_address(document.text, start, end)


def _is_english_name(document: Document, match: re.Match[str], end: int) -> bool:
    """Recognize "Baltic Avenue costs 60": the name comes before the type, and no name after it."""
    if not _CAPITAL_BEFORE.search(document.text, max(0, match.start() - 20), match.start()):
        return False
    return document.text[match.start()].isupper() and document.text[match.end() : end].islower()


def _end_of_name(document: Document, match: re.Match[str], *, has_number_before: bool) -> int | None:
    grid = _GRID.match(document.lower, match.end())
    if grid:
        return grid.end()
    numbered = _NAME_AND_NUMBER.match(document.lower, match.end())
    if numbered and _is_street_name(document, numbered, needs_capital=match["type"] in AMBIGUOUS_STREETS_FIRST):
        return numbered.end()
    if has_number_before:
        named = _NAMES.match(document.text, match.end()) or _LOWER_NAMES.match(document.lower, match.end())
        if named and FUNCTION_WORDS.isdisjoint(named[0].lower().split()):
            return named.end()
    return None


def _is_street_name(document: Document, numbered: re.Match[str], *, needs_capital: bool) -> bool:
    words = numbered["name"].split()
    if not (FUNCTION_WORDS - {"do"}).isdisjoint(words) or not NUMBERED_THINGS.isdisjoint(words):
        return False
    written = document.text[numbered.start("name") : numbered.end("name")]
    if not any(_WORD_OF_NAME.match(word) for word in written.split()):
        return False
    is_plain = written.islower() and (needs_capital or len(words) > 3)
    behind = _WORD.match(document.lower, numbered.end() + 1)
    return not is_plain and not (behind and behind[0] in COUNTED_THINGS)


_CAPITAL_BEFORE = re.compile(rf"(?<!\w)[{CAPITAL}][^\W\d_]{{1,18}} $")
_LAST_WORD = re.compile(r"[^\w.\-]")
_NAMES_AHEAD = re.compile(rf"(?<!\w)(?:(?:{NAME}|[{CAPITAL}]\.)\.?[ \-](?:{PARTICLE}[ ])?){{1,3}}$")
_LONGEST_NAME = 45


def _locate_one_word(document: Document, match: re.Match[str]) -> Span | None:
    """Take Strickstrasse 61: the end of the word says that it is a street."""
    ahead = document.lower[max(0, match.start() - _LONGEST_NAME) : match.start()]
    word = _LAST_WORD.split(ahead)[-1].rstrip(".")
    if not word.endswith(STREET_ENDINGS) or word in STREET_ENDINGS:
        return None
    start = document.lower.rindex(word, 0, match.start())
    if word.endswith(AMBIGUOUS_ENDINGS) and not _is_surely_named(document, word, start, match.end()):
        return None
    return extend_address(document.text, _take_in_names(document.text, start), match.end())


def _is_surely_named(document: Document, word: str, start: int, end: int) -> bool:
    if not document.text[start].isupper():
        return False
    return (
        "-" in word
        or word.endswith(_SURE_WHEN_CAPITAL)
        or is_cued(document, start)
        or has_post_code(document.text, end)
    )


def _take_in_names(text: str, start: int) -> int:
    names = _NAMES_AHEAD.search(text, max(0, start - _LONGEST_NAME), start)
    return names.start() if names and FUNCTION_WORDS.isdisjoint(names[0].lower().split()) else start


def _locate_type_between(document: Document, match: re.Match[str]) -> Span | None:
    words = match["name"].lower().split()
    if not FUNCTION_WORDS.isdisjoint(words) or words[-1].rstrip(".") in NUMBERED_THINGS:
        return None
    return extend_address(document.text, match.start(), match.end())


def _locate_before_post_code(document: Document, match: re.Match[str]) -> Span | None:
    """Take Tylova 285, 182 46 Decín: a name and a number before a post code and a town."""
    start = _take_in_names(document.text, match.start() + 1)
    words = document.lower[start : match.start()].split()
    if not words or not NUMBERED_THINGS.isdisjoint(words):
        return None
    if _YEAR.match(match["code"]) and "\n" not in match[0]:
        return None
    return extend_address(document.text, start, match.end("number"))


def _locate_post_box(document: Document, match: re.Match[str]) -> Span | None:
    return extend_address(document.text, *match.span())


def _locate_corner(document: Document, match: re.Match[str]) -> Span | None:
    written = document.text[match.start("first") : match.end()]
    return match.span() if any(not character.islower() for character in written if character.isalnum()) else None


RULES = (
    Rule(
        "address_number_first",
        re.compile(
            rf"{_FREE}(?P<number>{_HOUSE}),?\s(?P<words>(?:(?:\d{{1,3}}(?:st|nd|rd|th)|[^\W\d_][\w'’.\-]*)(?:\s|"
            rf"(?!\w))){{2,7}})"
        ),
        _locate_number_first,
        needs=HAS_DIGIT,
        words=_STREET_SUFFIXES,
    ),
    Rule(
        "address_numbered_road",
        re.compile(
            rf"{_FREE}\d{{2,5}}\s(?:[nsew]\.?\s)?(?:(?:county|state|old)\s(?:road|route|highway|hwy|"
            rf"rd)\s\d{{1,4}}|broadway)\b"
        ),
        _locate_post_box,
        needs=HAS_DIGIT,
        words=frozenset({"county", "state", "old", "broadway"}),
    ),
    Rule(
        "address_street_type_first",
        re.compile(rf"(?<![\w/])(?P<type>{_alternatives(_STREET_TYPES)})(?:(?<=[./])[ ]?|[ ])"),
        _locate_type_first,
        needs=HAS_DIGIT,
        words=_first_words(_STREET_TYPES),
    ),
    Rule(
        "address_one_word_street",
        re.compile(rf"[ ](?<=[\w.][ ]){_NUMBER}"),
        _locate_one_word,
        needs=HAS_DIGIT,
    ),
    Rule(
        "address_street_type_between",
        re.compile(
            rf"(?<!\w)(?P<name>{NAME}(?:[ ](?:{NAME}|[{CAPITAL}]\.|"
            rf"{PARTICLE})){{0,3}})[ ](?i:{_alternatives(STREETS_AFTER)})[ ]"
            rf"(?i:(?:{_NUMBER_SIGN}[ ]?)?{_NUMBER})"
        ),
        _locate_type_between,
        needs=HAS_DIGIT,
        words=_first_words(STREETS_AFTER),
        cased=True,
    ),
    Rule(
        "address_before_post_code",
        re.compile(
            rf"[ ](?<=[\w.,][ ])(?P<number>\d{{1,4}}[a-z]?(?:/\d{{1,4}}[a-z]?)?)(?:,[ ]|"
            rf"[ ]?\n[ ]*)(?P<code>{POST_CODE}),?[ ]{NAME}"
        ),
        _locate_before_post_code,
        needs=HAS_DIGIT,
        cased=True,
    ),
    Rule(
        "address_post_box",
        re.compile(
            r"\b(?:p\.?\s?o\.?\s?box|post office box|gpo box|private bag|postbox|postboks|postfach|postbus|"
            r"bo[îi]te postale|apartado(?: de correos)?|casilla(?: postal)?|caixa postal|casella postale|"
            r"skrytka pocztowa)"
            r"[ ]#?\d{1,6}(?!\w)(?:[ ]\d{2,3}\b)?"
        ),
        _locate_post_box,
        needs=HAS_DIGIT,
        words=frozenset(
            "box bag postbox postboks postfach postbus postale apartado casilla caixa casella skrytka".split()
        ),
    ),
    Rule(
        "address_military",
        re.compile(
            r"(?:\b(?:psc|cmr|unit)\s\d{1,5},?\sbox\s\d{1,5},?\s{1,3}|\b(?:uss|usns|uscgc|usnv|hms)\s[^\n]{2,40}\n)?"
            r"\b(?:apo|fpo|dpo),?\s(?:aa|ae|ap),?\s\d{5}(?:-\d{4})?\b"
        ),
        needs=HAS_DIGIT,
        words=frozenset({"apo", "fpo", "dpo"}),
    ),
    Rule(
        "address_before_unit",
        re.compile(rf"(?<!\w){UNIT}\b\.?\s?#?\s?\d{{1,4}}[a-z]?(?!\w)"),
        locate_before_unit,
        needs=HAS_DIGIT,
        words=UNIT_WORDS,
    ),
    Rule(
        "address_corner",
        re.compile(
            r"\b(?:the )?(?:corner|intersection|crossing) of (?P<first>[^\W_][^\n,;!?{}]{1,50}?) and "
            r"(?:[^\W_][\w'’.\-]*)(?:[ ](?!and\b|is\b|in\b|at\b|to\b|for\b|after\b)[\w'’.\-]+){0,4}"
        ),
        _locate_corner,
        words=frozenset({"corner", "intersection", "crossing"}),
    ),
    Rule(
        "address_named_by_words",
        re.compile(rf"{CUE}\s{{1,6}}"),
        locate_cued,
        needs=HAS_DIGIT,
        words=CUE_WORDS,
    ),
    *street_scripts.RULES,
)
