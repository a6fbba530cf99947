"""Numbers that a text spells out: turned into digits where they are exact, named where they cannot be checked."""

import re

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
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
_NUMBER_WORD = "|".join([*_SMALL, *_TENS, *_SCALES])
_SPELLED = re.compile(
    rf"(?<!\d)(?<!\d\s)\b(?:{_NUMBER_WORD})(?:(?:[\s-]+and)?[\s-]+(?:{_NUMBER_WORD}))*\b", re.IGNORECASE
)
# A text could say anything by these, since they stand for a ratio or a vague amount.
_VAGUE = re.compile(
    r"\b(?:half|halves|halv(?:ed|ing)|thirds?|quarters?|fifths?|tenths?|doubl(?:e|es|ed|ing)|tripl(?:e|es|ed|ing)|"
    r"quadrupl(?:e|es|ed|ing)|twice|thrice|twofold|threefold|tenfold|\w*\dfold|dozens?|hundreds|thousands|millions|"
    r"billions|trillions?|couple)\b",
    re.IGNORECASE,
)


def find_vague_amount(text: str) -> str | None:
    """The first word that names an amount without a number, as "twice"."""
    found = _VAGUE.search(text)
    return found.group() if found else None


def replace_spelled(text: str) -> str:
    """The text with spelled numbers as digits: "twenty-one clicks" is "21 clicks"."""
    return _SPELLED.sub(lambda found: str(_parse(found.group())), text)


def _parse(words: str) -> int:
    total = group = 0
    for word in re.split(r"[\s-]+", words.lower()):
        if word in _SCALES:
            scale = _SCALES[word]
            group = max(group, 1) * scale
            if scale > 100:
                total, group = total + group, 0
        elif word != "and":
            group += _SMALL.get(word, _TENS.get(word, 0))
    return total + group
