"""The text as the rules see it: disguises undone, every position still traceable to the original."""

import re
import unicodedata
from typing import NamedTuple

_INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u20e3\ufe00-\ufe0f\ufeff"
_INVISIBLE_OR_MARKED = re.compile(f"[{_INVISIBLE}]|\\w[\u0300-\u036f]+")
_WORD = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"\d")
_OTHER_SCRIPT = re.compile(r"[\u0590-\u06ff\u3000-\u9fff\uac00-\ud7af]")
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
_LONG_NUMBER = re.compile(r"\d(?:[^\w\n]{0,3}\d){6,}+")
_BEFORE_NUMBER, _BEHIND_NUMBER = 8, 24


def _build_folding() -> dict[int, str]:
    """Map look-alikes of ASCII, one character to one: wide and circled digits, wide letters, dashes, spaces."""
    folding = {code: str(unicodedata.decimal(chr(code))) for code in range(0x80, 0x1FC00) if chr(code).isdecimal()}
    folding |= {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    folding |= {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0x1D400, 0x1D7CC)}
    for first in (0x2460, 0x2776, 0x2780, 0x278A):
        folding |= {first + offset: str(offset + 1) for offset in range(9)}
    folding |= dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63), "-")
    folding |= dict.fromkeys((0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " ")
    return folding | {0x24EA: "0", 0x2024: ".", 0xFE52: ".", 0x3002: ".", 0xFE6B: "@"}


_FOLDING = _build_folding()


class Document(NamedTuple):
    """A text prepared for the rules; a tuple, because one is made for every value scanned.

    `lower` has the same length as `text`. `words` are the distinct lower-case words, `traits` the HAS_ flags: they
    tell cheaply which rules are worth trying. `number_windows` are the surroundings of runs of at least seven digits;
    rules for long numbers look only there. `origin` gives, if characters were dropped, the original position of each
    remaining one and of the end, so that a span takes in what was dropped behind its last character.
    """

    text: str
    lower: str
    words: frozenset[str]
    traits: int
    phone_region: str
    number_windows: tuple[Span, ...]
    origin: tuple[int, ...] | None = None

    def original_span(self, start: int, end: int) -> Span:
        """Translate a span of `text` into positions of the text that was given."""
        if self.origin is None:
            return start, end
        return self.origin[start], self.origin[end]


def build_document(text: str, phone_region: str) -> Document:
    """Fold look-alike characters, drop invisible ones and collect what rules ask about the whole text."""
    origin: tuple[int, ...] | None = None
    if not text.isascii():
        text = text.translate(_FOLDING)
        if _INVISIBLE_OR_MARKED.search(text):
            text, origin = _drop_invisible(text)
    lower = _lower(text)
    windows = _find_number_windows(text)
    return Document(
        text=text,
        lower=lower,
        words=frozenset(_WORD.findall(lower)),
        traits=_find_traits(text, lower) | (HAS_LONG_NUMBER if windows else 0),
        phone_region=phone_region,
        number_windows=windows,
        origin=origin,
    )


def _find_traits(text: str, lower: str) -> int:
    traits = HAS_OTHER_SCRIPT if not text.isascii() and _OTHER_SCRIPT.search(text) else 0
    if _DIGIT.search(text):
        traits |= HAS_DIGIT
        if text.count(".") > 2:
            traits |= HAS_THREE_DOTS
    if text.count(":") > 1:
        traits |= HAS_TWO_COLONS
    if "@" in text:
        traits |= HAS_AT_SIGN
    if "%40" in text:
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


def _drop_invisible(text: str) -> tuple[str, tuple[int, ...]]:
    characters: list[str] = []
    origin: list[int] = []
    position = 0
    for match in _INVISIBLE_OR_MARKED.finditer(text):
        characters.extend(text[position : match.start()])
        origin.extend(range(position, match.start()))
        if match.end() - match.start() > 1:
            characters.append(unicodedata.normalize("NFC", match[0])[0])
            origin.append(match.start())
        position = match.end()
    characters.extend(text[position:])
    origin.extend(range(position, len(text)))
    return "".join(characters), (*origin, len(text))


def _lower(text: str) -> str:
    """Lower-case without changing the length (only İ grows when lower-cased)."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(character.lower()[0] for character in text)
