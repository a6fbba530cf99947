"""The text as the rules see it: disguises undone, every position still traceable to the original."""

import re
from datetime import date
from typing import NamedTuple

from metrics_api.pii_scanner.folding import fold

_WORD = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"\d")
_OTHER_SCRIPT = re.compile(r"[\u0590-\u06ff\u3000-\u9fff\uac00-\ud7af]")
_ENCODED_AT = re.compile(r"%40|&#x?0{0,4}[46][04];|&commat;|\\[ux](?:00)?40")
_AT_IN_BRACKETS = re.compile(r"[\[({<|*_\"']\s?(?:at|arroba|chiocciola|@)\s?[\])}>|*_\"']")

Span = tuple[int, int]

# What a document must have for a rule to be worth trying; rules combine them with |.
HAS_DIGIT = 1
HAS_LONG_NUMBER = 2
HAS_AT_SIGN = 4
HAS_ENCODED_AT = 8
HAS_BRACKETED_AT = 16
HAS_THREE_DOTS = 32
HAS_TWO_COLONS = 64
HAS_OTHER_SCRIPT = 128
HAS_PLUS = 256
HAS_BRACKET = 512
_SIGNS = (("@", HAS_AT_SIGN), ("+", HAS_PLUS), ("(", HAS_BRACKET))
_LONG_NUMBER = re.compile(r"\d(?:(?:[^\w\n]|_){0,3}\d){6,}+")
_BEFORE_NUMBER, _BEHIND_NUMBER = 32, 24


class Document(NamedTuple):
    """A text prepared for the rules; a tuple, because one is created for every scanned value.

    `lower` has the same length as `text`. `words` are the distinct lower-case words, `traits` the HAS_ flags: they
    tell cheaply which rules are worth trying. `number_windows` are the surroundings of runs of at least seven digits;
    rules for long numbers look only there. `origin` gives, if characters were dropped, the original position of each
    remaining one and of the end, so that a span takes in what was dropped after its last character; `is_reordered`
    says that it does not only rise.
    """

    text: str
    lower: str
    words: frozenset[str]
    traits: int
    phone_region: str
    today: date
    number_windows: tuple[Span, ...]
    origin: tuple[int, ...] | None = None
    is_reordered: bool = False

    def original_span(self, start: int, end: int) -> Span:
        """Translate a span of `text` into positions of the text that was given."""
        if self.origin is None:
            return start, end
        if self.is_reordered:
            return min(self.origin[start:end]), max(self.origin[start:end]) + 1
        return self.origin[start], max(self.origin[end], self.origin[end - 1] + 1)


def build_document(text: str, phone_region: str, today: date) -> Document:
    """Fold look-alike characters, drop invisible ones and collect what rules ask about the whole text."""
    text, origin, is_reordered = fold(text)
    lower = _lower(text)
    windows = _find_number_windows(text)
    return Document(
        text=text,
        lower=lower,
        words=frozenset(_WORD.findall(lower)),
        traits=_find_traits(text, lower) | (HAS_LONG_NUMBER if windows else 0),
        phone_region=phone_region,
        today=today,
        number_windows=windows,
        origin=origin,
        is_reordered=is_reordered,
    )


def _find_traits(text: str, lower: str) -> int:
    traits = HAS_OTHER_SCRIPT if not text.isascii() and _OTHER_SCRIPT.search(text) else 0
    if _DIGIT.search(text):
        traits |= HAS_DIGIT
        if text.count(".") > 2:
            traits |= HAS_THREE_DOTS
    if text.count(":") > 1:
        traits |= HAS_TWO_COLONS
    for sign, trait in _SIGNS:
        if sign in text:
            traits |= trait
    if ("%" in text or "&" in text or "\\" in text) and _ENCODED_AT.search(lower):
        traits |= HAS_ENCODED_AT
    if _AT_IN_BRACKETS.search(lower):
        traits |= HAS_BRACKETED_AT
    return traits


def _find_number_windows(text: str) -> tuple[Span, ...]:
    windows: list[Span] = []
    for match in _LONG_NUMBER.finditer(text):
        start, end = max(0, match.start() - _BEFORE_NUMBER), min(len(text), match.end() + _BEHIND_NUMBER)
        if windows and start <= windows[-1][1]:
            start = windows.pop()[0]
        windows.append((start, end))
    return tuple(windows)


def _lower(text: str) -> str:
    """Lower-case without changing the length (only İ grows when lower-cased)."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(character.lower()[0] for character in text)
