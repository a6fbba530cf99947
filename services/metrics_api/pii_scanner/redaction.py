"""Finds personal information in what programs write, such as URLs, user agents and ids, encoded or not, to replace it.

Stricter than the scan of what people write: digits in one piece are a phone number or a social security number only
where a label or a plus sign says so, because most of them are ids. With the check digit of a card, and a range and
length of the large schemes, they are a card.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

from metrics_api.pii_scanner.credit_card import has_check_digit
from metrics_api.pii_scanner.cues import Cue, telling_words
from metrics_api.pii_scanner.encoded import decode_base64, decode_percent
from metrics_api.pii_scanner.findings import Finding, PiiType
from metrics_api.pii_scanner.json_walk import may_hold_pii, split_key
from metrics_api.pii_scanner.scanner import scan_data, scan_text

REDACTED_TYPES = (PiiType.EMAIL, PiiType.PHONE, PiiType.SSN, PiiType.CREDIT_CARD, PiiType.STREET_ADDRESS)
_MAX_NESTED = 2
_MAX_KNOWN, _LONGEST_KNOWN = 16_384, 512

# What may hold something at all, in ASCII texts. Patterns that begin with a class of characters, and only know those of
# ASCII, are searched much faster.
# Base64 of ASCII text comes in groups of four characters, each of which has only some of the alphabet.
_GROUP = "[A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-]"
_FIRST = "[I-Za-f]"
_ENCODED = re.compile(rf"{_FIRST}(?<![A-Za-z0-9].){_GROUP}{_FIRST}{_GROUP}")
_STREET = re.compile(r"[0-9][a-z]?[ +][A-Za-z]{3}|[A-Za-z]{3}\.?[ +][0-9]")
_SPOKEN_AT = re.compile(r"(?i:[ +(\[{_]at[ +)\]}_])")
# Digits as long as a phone's, and what makes them more than an id: groups as a number of somebody, or a label.
_RUN = re.compile(r"[0-9(+][0-9 ().+_/-]{6,}")
_SHORTEST_NUMBER = 7
_BY = "[ ./_-]{1,3}"
_GROUPED = re.compile(
    rf"[\d+(](?:(?<=\+)\d|(?<=\()\d{{2,5}}\)|(?<=\d)(?:\d\d{_BY}\d\d\d?{_BY}\d{{4}}(?!\d)|\d{{3}}{_BY}\d{{4,6}}{_BY}\d{{4}}|"
    r"\d([ .-])\d\d\1\d\d\1\d\d|\d{1,4}[ +]\d{3,4}[ +]\d{3,4}|(?<=5)55-\d{4}))"
)
_CARD = re.compile(
    r"\d(?<!\d.)(?:(?:(?<=4)\d{3}|(?<=5)[1-5]\d\d|(?<=2)(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)|"
    r"(?<=6)(?:011|4[4-9]\d|5\d\d))\d{12}|(?<=3)[47]\d{13})(?!\d)"
)
CARD_LENGTHS = (15, 16)
_LABELS = (
    "phone",
    "tel",
    "mob",
    "cell",
    "sms",
    "call",
    "text",
    "whats",
    "fax",
    "ssn",
    "soc",
    "tin",
    "card",
    "cc",
    "visa",
    "amex",
    "pan",
    "credit",
    "debit",
    "contact",
)
_LABELLED = re.compile(rf"(?:{'|'.join(_LABELS)})[^\d&?#;/,\n]{{0,16}}\d")

_PIECE = re.compile(r"(?:(?P<key>[^/?&=#;,\s]{1,64})=)?(?P<value>[^/?&=#;,\s][^/?&=#;,]*)")
# One at the beginning is that of a phone number.
_PLUS_FOR_BLANK = re.compile(r"(?<=[\w,.)])\+")
# By itself, because beside a version, as in "App/5.1 (+1...", it reads as a calculation.
_INTERNATIONAL = re.compile(r"\+(?<!\w.)\d{8,15}(?!\w)")
_NUMBERS = frozenset({PiiType.PHONE, PiiType.SSN, PiiType.CREDIT_CARD})
_LABELLED_RULES = frozenset("phone_glued_label ssn_glued_label card_glued_label".split())
_RULES_OF_WORDS = frozenset("phone_named_by_words ssn_named_by_words".split())
_NUMBER_KEYS = (telling_words(Cue.PHONE, Cue.SSN, Cue.CARD) | frozenset("mobile cell contact sms".split())) - {
    "number",
    "numbers",
    "num",
    "nr",
    "no",
    "digits",
}
_ID_KEYS = frozenset("id ids uid uuid guid hash key token ref count type verified".split())
_SCHEME = re.compile(r"(?i:mailto|tel|sms|callto|email|phone|whatsapp):(?://)?")
_KIND = re.compile(r"[A-Za-z][\w.-]{0,31}:")
_CLEAR_RULES = frozenset(
    "phone_international phone_north_american phone_area_code phone_national_groups ssn_dashed ssn_grouped "
    "card_bare card_grouped card_grouped_by_four card_digit_by_digit".split()
)
_DIGITS = re.compile(r"\d+")
_VERSION = re.compile(r"\d[._]\d")
_NOT_DIGIT = re.compile(r"\D+")
_NOT_WORD = re.compile(r"[\W_]+")


class Place(NamedTuple):
    """Where a text holds personal information of a type, encoded or not."""

    start: int
    end: int
    type: PiiType


@dataclass(frozen=True)
class Redacted:
    """A text with `[type]` in place of what was found."""

    text: str
    types: frozenset[PiiType]


@dataclass(frozen=True)
class Identified:
    """What an id is: its type, and the value in one form however it was written or encoded."""

    type: PiiType
    canonical: str


class Redactor:
    """Finds what to replace; remembers texts in which there is nothing, and never others.

    What is no personal information as a whole may hold some, so that ids are remembered apart from texts.
    """

    def __init__(self, phone_region: str) -> None:
        self._region = phone_region
        self._clean_texts: set[str] = set()
        self._clean_ids: set[str] = set()

    def redact(self, text: str) -> Redacted | None:
        """The text with everything replaced; None when there is nothing to replace."""
        if text in self._clean_texts or not may_hold(text):
            return None
        places = merge(self._find(text, _MAX_NESTED))
        if not places:
            _remember(self._clean_texts, text)
        return _redact(text, places)

    def redact_value(self, key: str, text: str) -> Redacted | None:
        """The same for the value under a key, which may tell what the value is."""
        if not _tells_number(key):
            return self.redact(text)
        found = [place for place in self._scan(text, key) if place.type in _NUMBERS]
        places = merge([*found, *self._find(text, _MAX_NESTED)])
        return _redact(text, places)

    def is_known(self, text: str) -> bool:
        """Whether there is nothing in it, as far as is remembered."""
        return text in self._clean_texts

    def identify(self, given: str) -> Identified | None:
        """What the id as a whole is; None for any other id. An id that holds an email address is one."""
        if given in self._clean_ids or not may_hold(given):
            return None
        for form in _list_forms(given, _MAX_NESTED):
            found = self._identify_form(form)
            if found is not None:
                return found
        _remember(self._clean_ids, given)
        return None

    def _identify_form(self, form: str) -> Identified | None:
        scheme = _SCHEME.match(form)
        written = form[scheme.end() if scheme else 0 :].strip()
        kind = _KIND.match(written)
        for found in scan_text(written, phone_region=self._region):
            is_whole = found.start == 0 and found.end == len(written)
            if found.type is PiiType.EMAIL:
                return Identified(found.type, (written if is_whole else form).lower())
            is_number = is_whole or (kind is not None and (found.start, found.end) == (kind.end(), len(written)))
            number = written[found.start :]
            if is_number and found.rule in _CLEAR_RULES and _is_clear(found, number):
                return Identified(PiiType(found.type), written[: found.start].lower() + _NOT_DIGIT.sub("", number))
            if is_whole and found.type is PiiType.STREET_ADDRESS:
                return Identified(found.type, _NOT_WORD.sub(" ", written.casefold()))
        return None

    def _find(self, text: str, nested: int) -> list[Place]:
        decoded = decode_percent(text)
        # Words beside a number tell what it is in a sentence; in a URL they belong to another parameter.
        found = self._find_plain(decoded.text, is_prose=" " in text)
        if nested:
            found += (
                Place(start, end, inner[0].type)
                for start, end, read in decode_base64(decoded.text)
                if may_hold(read) and (inner := self._find(read, nested - 1))
            )
        return [Place(*decoded.original_span(place.start, place.end), place.type) for place in found]

    def _find_plain(self, text: str, *, is_prose: bool) -> list[Place]:
        """What is in the text as it stands, in its parts, and with blanks for plus signs."""
        views = [text, _PLUS_FOR_BLANK.sub(" ", text)] if "+" in text else [text]
        found: list[Place] = []
        for view in views:
            if not may_hold(view):
                continue
            found += (
                place for place in self._scan(view) if is_prose or place.type in (PiiType.EMAIL, PiiType.STREET_ADDRESS)
            )
            found += self._scan_parts(view)
        return found

    def _scan_parts(self, text: str) -> Iterator[Place]:
        for piece in _PIECE.finditer(text):
            if may_hold(piece[0]):
                yield from self._scan_at(piece.start("value"), piece["value"], piece["key"] or "")
        for number in _INTERNATIONAL.finditer(text):
            yield from self._scan_at(number.start(), number[0])

    def _scan_at(self, start: int, part: str, key: str = "") -> Iterator[Place]:
        return (Place(start + place.start, start + place.end, place.type) for place in self._scan(part, key))

    def _scan(self, text: str, key: str = "") -> Iterator[Place]:
        is_telling = _tells_number(key)
        findings = (
            scan_data({key: text}, phone_region=self._region)
            if is_telling
            else scan_text(text, phone_region=self._region)
        )
        for found in findings:
            written = text[found.start : found.end]
            if found.type in REDACTED_TYPES and (is_telling or _is_clear(found, written)):
                yield Place(found.start, found.end, found.type)


def _remember(known: set[str], text: str) -> None:
    if len(text) <= _LONGEST_KNOWN:
        if len(known) >= _MAX_KNOWN:
            known.clear()
        known.add(text)


def _is_clear(found: Finding, written: str) -> bool:
    """Doubt digits in one piece or two without a label, and versions before a word such as "mobile"."""
    if found.type not in _NUMBERS:
        return True
    if found.rule in _RULES_OF_WORDS:
        return not _VERSION.search(written)
    if found.rule in _LABELLED_RULES:
        return True
    if found.rule == "phone_trunk_zero":
        return " " in written
    if found.rule == "card_bare":
        return _CARD.fullmatch(written) is not None
    return found.rule in _CLEAR_RULES and (written[0] in "+(" or len(_DIGITS.findall(written)) > 2)


def may_hold(text: str) -> bool:
    """Say cheaply whether the text is worth a look; most are not."""
    if "%" in text:
        text = unquote(unquote(text))
    if "@" in text or not text.isascii():
        return True
    # In base64 an @ and a digit in the first of three places show as capitals.
    if not text.islower() and _ENCODED.search(text):
        return True
    if (" " in text or "+" in text) and (_STREET.search(text) or _SPOKEN_AT.search(text)):
        return True
    return _may_hold_number(text)


def _may_hold_number(text: str) -> bool:
    is_long = False
    for run in _RUN.finditer(text):
        digits = sum(map(str.isdecimal, run[0]))
        if digits >= _SHORTEST_NUMBER:
            if _GROUPED.search(text, *run.span()) or (digits >= min(CARD_LENGTHS) and _holds_card(run[0])):
                return True
            is_long = True
    if not is_long:
        return False
    lower = text.lower()
    return any(label in lower for label in _LABELS) and _LABELLED.search(lower) is not None


def _holds_card(run: str) -> bool:
    return any(has_check_digit(card[0]) for card in _CARD.finditer(run))


def merge(places: Iterable[Place]) -> list[Place]:
    """The places in order, those that overlap as one, of the type of the longest."""
    merged: list[Place] = []
    for place in sorted(places):
        if merged and place.start < merged[-1].end:
            last = merged.pop()
            longer = max(last, place, key=lambda each: each.end - each.start)
            place = Place(last.start, max(last.end, place.end), longer.type)
        merged.append(place)
    return merged


def _redact(text: str, places: Sequence[Place]) -> Redacted | None:
    return Redacted(_replace(text, places), frozenset(place.type for place in places)) if places else None


def _replace(text: str, places: Iterable[Place]) -> str:
    parts: list[str] = []
    position = 0
    for place in places:
        parts += (text[position : place.start], f"[{place.type}]")
        position = place.end
    return "".join((*parts, text[position:]))


def _list_forms(given: str, nested: int) -> Iterator[str]:
    """The id as it stands, and whatever it is as a whole when decoded."""
    plain = decode_percent(given).text
    yield plain
    if "+" in plain:
        yield _PLUS_FOR_BLANK.sub(" ", plain)
    for start, end, read in decode_base64(plain) if nested else ():
        if (start, end) == (0, len(plain)):
            yield from _list_forms(read, nested - 1)


def _tells_number(key: str) -> bool:
    words = split_key(key)
    return bool(words) and words[-1] not in _ID_KEYS and not _NUMBER_KEYS.isdisjoint(words) and not may_hold_pii(key)
