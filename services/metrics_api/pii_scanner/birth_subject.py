"""Whose birth a text tells of: a child or parent of today, or Mozart, a hamster, a country."""

import re
from datetime import date
from enum import Enum, auto

from metrics_api.pii_scanner.document import Document


class Subject(Enum):
    """What stands before a word such as "born" or "birthday"."""

    INTRODUCED = auto()
    NAMED = auto()
    OTHER = auto()


_INTRODUCED = frozenset(
    """
    i im i'm ive my our his her hers he she we your you their they son daughter kid kids child children baby student
    pupil brother sister boy girl mom mum mother dad father twin twins grandson granddaughter niece nephew cousin
    stepson stepdaughter applicant patient player parent guardian sibling toddler preschooler infant name dob
    ich mein meine unser unsere sie er je mon ma mes il elle notre mi mis nuestra nuestro yo él ella meu minha eu ele
    ela mio mia io lui lei ik mijn hij zij min mitt jag han hon
    """.split()
)
_OTHERS = frozenset(
    """
    its it's character characters hamster dog dogs cat cats puppy puppies kitten kittens pet pets bunny rabbit horse
    pony foal fish turtle tortoise parrot bird chick lamb calf goat cow pig piglet sheep panda elephant lion tiger
    bear guinea gerbil mouse rat snake lizard gecko frog avatar robot dragon unicorn game games school company country
    nation city town state king queen prince princess president emperor pharaoh composer scientist inventor artist
    painter poet writer explorer astronaut physicist mathematician philosopher musician god jesus saint mascot doll
    teddy toy plant tree club team band villager pokemon sim hero villain
    """.split()
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_SENTENCE_END = re.compile(r"[.!?\n;](?=\s|$)")
_YEAR = re.compile(r"(?<!\d)(?:1\d|20)\d\d(?!\d)|(?:19|20)\d\d(?=[01]\d[0-3]\d(?!\d))|(?<=\d{4})(?:19|20)\d\d(?!\d)")
_OLDEST, _OLDEST_CHILD = 100, 18
_REACH = 60


def find_subject(words: list[str]) -> Subject:
    """Judge by the nearest telling word; a name alone introduces nobody."""
    for word in reversed(words):
        bare = word.removesuffix("'s").removesuffix("’s")
        if word in _OTHERS or bare in _OTHERS:
            return Subject.OTHER
        if word in _INTRODUCED or bare in _INTRODUCED:
            return Subject.INTRODUCED
    return Subject.NAMED if words else Subject.INTRODUCED


def read_words_before(document: Document, position: int) -> list[str]:
    """Give the lower-case words of the same sentence before a position, the nearest last."""
    before = document.lower[max(0, position - _REACH) : position]
    return _WORD.findall(_SENTENCE_END.split(before)[-1].replace("’", "'"))


def may_be_born(written: str, subject: Subject, today: date) -> bool:
    """Say whether somebody with this date of birth can be a child or a parent today.

    Somebody who is only named counts when the year is that of a child: history is full of dates of birth.
    """
    if subject is Subject.OTHER:
        return False
    year = _YEAR.search(written)
    if year is None:
        return subject is Subject.INTRODUCED
    oldest = _OLDEST if subject is Subject.INTRODUCED else _OLDEST_CHILD
    return today.year - oldest <= int(year[0]) <= today.year
