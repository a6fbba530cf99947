"""Undoes disguises of single characters: what looks alike becomes ASCII, what cannot be seen goes away."""

import re
import unicodedata
from itertools import chain
from typing import NamedTuple

_UNSEEN = "\u200b"
_RIGHT_TO_LEFT, _END_OF_OVERRIDE = "\u202e", "\u202c\n\u2029"
_MARKS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
# Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties), controls, and the blank letters of Braille and Hangul.
_IGNORABLE = (
    *((0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160)),
    *((0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x2800, 0x2800)),
    *((0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3)),
    *((0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
_LOOK_ALIKES = {
    "-": "\u02d7\u058a\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u207b\u208b"
    "\u2212\u2500\u2796\u2e3a\u2e3b\u3161\ufe31\ufe58\ufe63",
    " ": "\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t",
    ".": "\xb7\u0387\u2022\u2024\u2027\u2219\u22c5\u25cf\u25e6\u2e31\u3002\u30fb\ufe52\uff61\uff65",
    "|": "\xa6\u01c0\u2223\u2502\u2503\u2758",
    "/": "\u2044\u2215\u29f8",
    "~": "\u02dc\u223c\u301c",
    "@": "\ufe6b",
    "\\": "\u2216\u29f5\ufe68",
}
_LETTER_BLOCKS = (
    *(range(0xAA, 0xBB), range(0x02B0, 0x02E5), range(0x1D2C, 0x1DC0), range(0x2070, 0x209D), range(0x2100, 0x2190)),
    *(range(0x2460, 0x2500), range(0xFB00, 0xFB07), range(0xFF01, 0xFF5F), range(0x1D400, 0x1D800)),
    range(0x1F100, 0x1F150),
)
_DINGBAT_DIGITS = (0x2460, 0x24F5, 0x2776, 0x2780, 0x278A)
_NEGATIVE_LETTERS = (0x1F150, 0x1F170, 0x1F1E6)


class Folded(NamedTuple):
    """A text without disguises; `origin` gives the original position of each character, None when all kept theirs."""

    text: str
    origin: tuple[int, ...] | None = None
    is_reordered: bool = False


def _normalise_blocks() -> dict[int, str]:
    """The compatible ASCII of letter-like symbols, raised, lowered, circled and wide characters."""
    normalised = {code: unicodedata.normalize("NFKC", chr(code)) for code in chain(*_LETTER_BLOCKS)}
    return {code: text for code, text in normalised.items() if text.isascii() and text.isprintable() and text != " "}


def _build_folding() -> dict[int, str]:
    folding = {code: str(unicodedata.decimal(chr(code))) for code in range(0x80, 0x1FC00) if chr(code).isdecimal()}
    folding |= {code: text for code, text in _normalise_blocks().items() if len(text) == 1}
    for first in _DINGBAT_DIGITS:
        folding |= {first + offset: str(offset + 1) for offset in range(9)}
    for first in _NEGATIVE_LETTERS:
        folding |= {first + offset: chr(0x61 + offset) for offset in range(26)}
    for plain, look_alikes in _LOOK_ALIKES.items():
        folding |= {ord(look_alike): plain for look_alike in look_alikes}
    for first, last in _IGNORABLE:
        folding |= dict.fromkeys(range(first, last + 1), _UNSEEN)
    return folding | {0x24EA: "0", 0x24FF: "0"}


_FOLDING = _build_folding()
_EXPANDING = {chr(code): text for code, text in _normalise_blocks().items() if len(text) > 1 and code not in _FOLDING}
_TAB_OR_CONTROL = re.compile(r"[\x00-\x09\x0e-\x1f\x7f]")
_BASIC = "".join(character for character in _EXPANDING if ord(character) < 0x10000)
_OTHERS = "".join(character for character in _EXPANDING if ord(character) >= 0x10000)
_PART = rf"{_UNSEEN}+|\w?[{_MARKS}]+|[{_BASIC}]|[{_OTHERS}]|(?<=\d)[\u30fc\uff70](?=\d)"
_CHANGED = re.compile(_PART)
_MAY_CHANGE = re.compile(rf"[{_UNSEEN}{_MARKS}{_BASIC}\u30fc\uff70]|[{_OTHERS}]")
# More marks than this on one letter are no letter of any language; all are dropped, and few are looked at.
_MARKS_READ = 3


def fold(text: str) -> Folded:
    """Replace look-alikes of ASCII, drop what is invisible and join letters with their marks."""
    if text.isascii() and (text.isprintable() or not _TAB_OR_CONTROL.search(text)):
        return Folded(text)
    order = _read_overridden(text) if _RIGHT_TO_LEFT in text else None
    if order:
        text = "".join(text[place] for place in order)
    text = text.translate(_FOLDING)
    origin: list[int] | None = None
    if _MAY_CHANGE.search(text):
        text, origin = _rewrite(text)
    if order:
        origin = [order[place] for place in origin[:-1]] if origin else order
        return Folded(text, (*origin, len(order)), is_reordered=True)
    return Folded(text, None if origin is None else tuple(origin))


def _read_overridden(text: str) -> list[int]:
    """The positions in the order in which they are shown after right-to-left overrides."""
    order: list[int] = []
    position = 0
    while (start := text.find(_RIGHT_TO_LEFT, position)) >= 0:
        end = next((place for place in range(start, len(text)) if text[place] in _END_OF_OVERRIDE), len(text))
        order += (*range(position, start), *range(end - 1, start - 1, -1))
        position = end
    return [*order, *range(position, len(text))]


def _rewrite(text: str) -> tuple[str, list[int]]:
    """Drop and expand characters; the last entry of the positions is the end of the text."""
    characters: list[str] = []
    origin: list[int] = []
    position = 0
    for match in _CHANGED.finditer(text):
        start, end = match.span()
        characters.append(text[position:start])
        origin.extend(range(position, start))
        written = _write(match[0])
        characters.append(written)
        origin.extend([start] * len(written))
        position = end
    characters.append(text[position:])
    origin.extend(range(position, len(text) + 1))
    return "".join(characters), origin


def _write(changed: str) -> str:
    if changed in _EXPANDING:
        return _EXPANDING[changed]
    if changed in ("\u30fc", "\uff70"):
        return "-"
    if not changed[0].isalnum() and changed[0] != "_":
        return ""
    return unicodedata.normalize("NFC", changed[: 1 + _MARKS_READ])[0]
