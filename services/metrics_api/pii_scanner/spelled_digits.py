"""Numbers spelled as words, wholly or in part: "five five five - 123 - four five six seven"."""

import re

from metrics_api.pii_scanner.number_context import is_progression

_UNITS = {
    "zero oh o nought cero zéro null nul zero": "0",
    "one uno un eins een um jeden": "1",
    "two dos deux zwei twee dois dwa": "2",
    "three tres trois drei drie três trzy": "3",
    "four for cuatro quatre vier quatro cztery": "4",
    "five fife cinco cinq fünf vijf pięć": "5",
    "six seis sechs zes sześć": "6",
    "seven siete sept sieben zeven sete siedem": "7",
    "eight ocho huit acht oito osiem": "8",
    "nine niner nueve neuf neun negen nove dziewięć": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
    "thirteen": "13",
    "fourteen": "14",
    "fifteen": "15",
    "sixteen": "16",
    "seventeen": "17",
    "eighteen": "18",
    "nineteen": "19",
}
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_TENS_VALUE = {word: str(10 * value) for value, word in enumerate(_TENS, start=2)}
_VALUES = {word: digits for words, digits in _UNITS.items() for word in words.split()} | _TENS_VALUE
_REPEATS = {"double": 2, "triple": 3, "treble": 3}
_POWERS = {"hundred": "00", "thousand": "000"}
DIGIT_WORDS = frozenset(_VALUES) - {"o", "un", "um", "for", "null", "sept"}

_ALTERNATIVES = "|".join(sorted((*_VALUES, *_REPEATS, *_POWERS), key=len, reverse=True))
_TOKEN = rf"(?:(?:{_ALTERNATIVES}){{1,12}}+(?!\w)|\d{{1,10}}(?!\w))"
_GAP = r"(?:[ \t.,\-/()_|*]{1,4}(?:(?:dash|hyphen|minus|space|dot|and|then|plus)[ \t.,\-/]{1,3})?)"
SPELLED_NUMBER = re.compile(rf"(?<!\w){_TOKEN}(?:{_GAP}{_TOKEN}){{2,30}}+")
_PART = re.compile(rf"{_ALTERNATIVES}|\d+")
MIN_SPELLED_WORDS = 3


def read_digits(spelled: str) -> str:
    """The digits a spelled number stands for, or "" for plain digits and for counting.

    "double five" is 55, "fifty five" is 55, "eight hundred" is 800. Fewer than three number words make no spelled
    number; neither do "one two three four ..." nor a block said again and again.
    """
    parts = _PART.findall(spelled)
    if sum(not part.isdecimal() for part in parts) < MIN_SPELLED_WORDS:
        return ""
    numbers = _read_numbers(parts)
    digits = "".join(numbers)
    return "" if _is_counting(numbers) or _is_repeated_block(digits) else digits


def is_read_as_amount(spelled: str) -> bool:
    """Whether the words are those of amounts: "two hundred thirty thousand five hundred"."""
    return any(part in _POWERS for part in _PART.findall(spelled))


def _read_numbers(parts: list[str]) -> list[str]:
    numbers: list[str] = []
    repeat = 1
    for part in parts:
        if part in _REPEATS:
            repeat = _REPEATS[part]
        elif part in _POWERS:
            numbers.append(_POWERS[part])
        else:
            _append_number(numbers, _VALUES.get(part, part) * repeat, part)
            repeat = 1
    return numbers


def _append_number(numbers: list[str], digits: str, part: str) -> None:
    """Join a unit to the tens before it, so that "fifty five" is 55 and not 505."""
    joins = part in _VALUES and len(digits) == 1 and digits != "0"
    if joins and numbers and numbers[-1] in _TENS_VALUE.values():
        numbers[-1] = numbers[-1][0] + digits
    else:
        numbers.append(digits)


def _is_repeated_block(digits: str) -> bool:
    """Whether a shorter block makes up all of the digits: then they also stand in their double, moved along."""
    return digits in (digits + digits)[1:-1]


def _is_counting(numbers: list[str]) -> bool:
    """Recognize steps of one size, squares, primes and whatever else rises or falls all the way."""
    return is_progression([int(number) for number in numbers])
