"""Finds numbers in a text that are not in the facts.

A number may be rounded to its shown decimals, a fraction may be a percentage, and thousands may be separated. Dates
must be in the report's periods. What cannot be parsed as one number for certain counts as unknown.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

_SMALL = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: value
    for value, word in zip(
        range(20, 100, 10), "twenty thirty forty fifty sixty seventy eighty ninety".split(), strict=True
    )
}
_SPELLED_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
_NUMBER_WORD = "|".join([*_SMALL, *_TENS, *_SPELLED_SCALES])
_SPELLED = re.compile(
    rf"(?<!\d)(?<!\d\s)\b(?:{_NUMBER_WORD})(?:(?:[\s-]+and)?[\s-]+(?:{_NUMBER_WORD}))*\b", re.IGNORECASE
)
# These stand for a ratio or a vague amount, so they cannot be checked.
_VAGUE = re.compile(
    r"\b(?:half|halves|halv(?:ed|ing)|thirds?|quarters?|fifths?|tenths?|doubl(?:e|es|ed|ing)|tripl(?:e|es|ed|ing)|"
    r"quadrupl(?:e|es|ed|ing)|twice|thrice|twofold|threefold|tenfold|\w*\dfold|dozens?|hundreds|thousands|millions|"
    r"billions|trillions?|couple)\b",
    re.IGNORECASE,
)


_MONTHS = "January February March April May June July August September October November December".split()
_MONTH = "|".join(f"{month[:3]}(?:{month[3:]})?" if month[3:] else month for month in _MONTHS)
_DATES = (
    re.compile(r"\b(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})\b"),
    re.compile(
        rf"\b(?:(?P<first>\d{{1,2}})\s*(?:[–-]|to)\s*)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<name>{_MONTH})\b"
        r"(?:,?\s+(?P<year>\d{4})\b)?"
    ),
    re.compile(
        rf"\b(?P<name>{_MONTH})\s+(?:(?P<first>\d{{1,2}})\s*[–-]\s*)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b"
        r"(?:,?\s+(?P<year>\d{4})\b)?"
    ),
)
_NUMBER = re.compile(
    r"(?P<before>[^\W\d_]|[#$€£/\\^_])?(?P<sign>(?<![\d\w])[+\-−])?"
    r"(?P<digits>\d(?:[\d.,'’\u00a0\u202f]*\d)?)"
    r"(?:\s?(?P<unit>%|(?:percentage points?|percent|per cent|pct|points?|k|thousand|million|m|bn|billion)\b))?"
    r"(?P<after>[^\W\d_])?",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"\d+(?:\.\d+)?")
_GROUPED = re.compile(r"\d{1,3}(?:[,'’\u00a0\u202f]\d{3})+(?:\.\d+)?")
_SCALES = {"k": 3, "thousand": 3, "m": 6, "million": 6, "bn": 9, "billion": 9}
_PERCENT = ("%", "percent", "per cent", "pct")
_MINUS = ("-", "−")
_SMALL_VALUE = 10


@dataclass(frozen=True)
class _Found:
    """A number in a text; `step` is the value of its last digit."""

    value: float
    step: float
    sign: str
    unit: str


class KnownNumbers:
    """The numbers that a text may contain."""

    def __init__(self, facts: object, dates: Iterable[date]) -> None:
        """Every number in `facts`, which is JSON data; `dates` are those that a text may name."""
        self._dates = frozenset(dates)
        numbers = [(name, float(value)) for name, value in _list_numbers("", facts)]
        self._values = [value for _, value in numbers]
        self._percents = [
            value if name.endswith("_pct") else value * 100 for name, value in numbers if _is_rate(name, value)
        ]

    def find_unknown(self, text: str) -> str | None:
        """The first unknown number of the text, or None."""
        if vague := find_vague_amount(text):
            return vague
        if exotic := next((char for char in text if not char.isascii() and _is_numeral(char)), None):
            return exotic
        for pattern in _DATES:
            if unknown := next((found.group() for found in pattern.finditer(text) if not self._has_dates(found)), None):
                return unknown
            text = pattern.sub("", text)
        return next(
            (found.group() for found in _NUMBER.finditer(replace_spelled(text)) if not self._knows(found)), None
        )

    def _has_dates(self, found: re.Match[str]) -> bool:
        parts = found.groupdict()
        month = int(parts["month"]) if parts.get("month") else _number_of_month(parts["name"])
        days = [int(day) for day in (parts.get("first"), parts["day"]) if day]
        year = int(parts["year"]) if parts["year"] else None
        return all(self._has_date(year, month, day) for day in days)

    def _has_date(self, year: int | None, month: int, day: int) -> bool:
        return any((known.month, known.day) == (month, day) and year in (None, known.year) for known in self._dates)

    def _knows(self, match: re.Match[str]) -> bool:
        found = _read(match)
        if found is None:
            return False
        if found.unit in _PERCENT:
            return any(_is_shown(value, found) for value in self._percents)
        if found.unit.startswith("p") and any(_is_shown(value, found) for value in self._percents):
            return True
        if not found.unit and found.value in {known.year for known in self._dates}:
            return True
        return any(_is_shown(value, found) and not _hides(value, found) for value in self._values)


def _list_numbers(name: str, facts: object) -> Iterator[tuple[str, float]]:
    """Every number with the name of its field; those in a list have the list's name."""
    if isinstance(facts, Mapping):
        for key, value in facts.items():
            yield from _list_numbers(str(key), value)
    elif isinstance(facts, Sequence) and not isinstance(facts, str):
        for value in facts:
            yield from _list_numbers(name, value)
    elif isinstance(facts, int | float) and not isinstance(facts, bool):
        yield name, facts


def _is_rate(name: str, value: float) -> bool:
    """Whether the number may be written as a percentage: by its field's name, or if it is a fraction, 0 or 1."""
    return name.endswith("_pct") or not value.is_integer() or abs(value) <= 1


def _is_numeral(char: str) -> bool:
    return unicodedata.numeric(char, None) is not None


def _number_of_month(name: str) -> int:
    return next(number for number, month in enumerate(_MONTHS, start=1) if month.startswith(name[:3]))


def _read(match: re.Match[str]) -> _Found | None:
    digits, unit = match["digits"], (match["unit"] or "").lower()
    if match["before"] or match["after"]:
        return None
    if not _PLAIN.fullmatch(digits) and not _GROUPED.fullmatch(digits):
        return None
    plain = re.sub(r"[^\d.]", "", digits)
    scale = 10.0 ** _SCALES.get(unit, 0)
    decimals = len(plain.partition(".")[2])
    return _Found(float(plain) * scale, scale / 10**decimals, match["sign"] or "", unit)


def _is_shown(value: float, found: _Found) -> bool:
    """Whether the number is the value rounded to the number's decimals."""
    if (found.sign == "+" and value < 0) or (found.sign in _MINUS and value > 0):
        return False
    return abs(abs(value) - found.value) <= found.step / 2 + 1e-9 * max(1, abs(value))


def _hides(value: float, found: _Found) -> bool:
    """Whether rounding to a whole number would mislead, as 1 for a K of 0.62."""
    return found.step >= 1 and not value.is_integer() and abs(value) < _SMALL_VALUE


def find_vague_amount(text: str) -> str | None:
    """The first word for an amount without a number, such as "twice"."""
    found = _VAGUE.search(text)
    return found.group() if found else None


def replace_spelled(text: str) -> str:
    """The text with spelled numbers as digits: "twenty-one clicks" is "21 clicks"."""
    return _SPELLED.sub(lambda found: str(_parse(found.group())), text)


def _parse(words: str) -> int:
    total = group = 0
    for word in re.split(r"[\s-]+", words.lower()):
        if word in _SPELLED_SCALES:
            scale = _SPELLED_SCALES[word]
            group = max(group, 1) * scale
            if scale > 100:
                total, group = total + group, 0
        elif word != "and":
            group += _SMALL.get(word, _TENS.get(word, 0))
    return total + group
