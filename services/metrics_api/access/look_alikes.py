"""Which names a reader would take for one another: letters of other scripts, other case, 0 for O, 1 for l.

After UTS #39: what looks alike has a prototype in common, so that texts can be compared by those of their letters.
"""

import unicodedata
from collections.abc import Collection
from functools import cache

from confusable_homoglyphs.confusables import confusables_data  # type: ignore[import-untyped]

# Nothing of them is seen, or so little that nobody looks for it: categories, and letters that are blank.
_UNSEEN = frozenset({"Mn", "Me", "Cf", "Cc"})
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")

# Around right-to-left characters in the table.
_MARK = "\u200e"


def find_looks(name: str) -> frozenset[str]:
    """How a name looks: a name that shares one of these with another can be taken for it."""
    seen = "".join(filter(_is_seen, unicodedata.normalize("NFKD", name)))
    # A capital I looks like l, and is the same letter as i.
    return frozenset(" ".join(_replace(form).casefold().split()) for form in (seen, seen.casefold()))


def look_alike(name: str, others: Collection[str]) -> str | None:
    """The first of the others that the name can be taken for."""
    looks = find_looks(name)
    return next((other for other in others if looks & find_looks(other)), None)


def _is_seen(char: str) -> bool:
    return unicodedata.category(char) not in _UNSEEN and char not in _BLANK


def _replace(text: str) -> str:
    prototypes = _prototypes()
    return "".join(prototypes.get(char, char) for char in text)


@cache
def _prototypes() -> dict[str, str]:
    """For each character what stands for all that look like it: plain letters and digits where there are any."""
    return {char.strip(_MARK): _find_prototype(char) for char in confusables_data if len(char.strip(_MARK)) == 1}


def _find_prototype(char: str) -> str:
    """The one of those alike that all others name; it alone names more than one."""
    group = {char, *(each["c"] for each in confusables_data[char])}
    centre: str = max(group, key=lambda each: (len(confusables_data.get(each, ())), each))
    return centre.strip(_MARK)
