"""Texts that make a pattern work hard, derived from the pattern itself: a new pattern is covered by itself.

Each class of characters over which a pattern may run gives a few of its characters; they are repeated alone, with each
separator, and behind the shortest text that leads to that place in the pattern.
"""

import re
from collections.abc import Iterator
from itertools import product
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

SEPARATORS = ("", " ", "-", ".", ",", "/", "\n", ":", "'", "@")
_POOL = "aA1é -.,\n:/@'(#+_$%市א~\u200b"
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)
_PER_CLASS = 3


def list_characters(node: Any) -> list[str] | None:
    """Give a few characters that a node of one character takes, None for other nodes."""
    code, argument = node
    if code is codes.LITERAL:
        return [chr(argument)]
    if code is codes.ANY:
        return ["a", " "]
    if code not in (codes.IN, codes.NOT_LITERAL):
        return None
    items = argument if code is codes.IN else [(codes.NEGATE, None), (codes.LITERAL, argument)]
    tree = parser.SubPattern(parser.State(), [(codes.IN, items)])
    taken = re._compiler.compile(tree, 0)  # type: ignore[attr-defined]
    literals = "".join(chr(value) for kind, value in items if kind is codes.LITERAL)
    starts = "".join(chr(value[0]) for kind, value in items if kind is codes.RANGE)
    return [each for each in dict.fromkeys(_POOL + literals[:4] + starts[:2]) if taken.match(each)][:_PER_CLASS]


def write_shortest(tree: Any) -> str:
    """Give a short text that a part of a pattern takes, conditions left aside."""
    written = ""
    for code, argument in tree:
        characters = list_characters((code, argument))
        if characters is not None:
            written += characters[0] if characters else ""
        elif code is codes.SUBPATTERN:
            written += write_shortest(argument[-1])
        elif code is codes.ATOMIC_GROUP:
            written += write_shortest(argument)
        elif code is codes.BRANCH:
            written += min((write_shortest(branch) for branch in argument[1]), key=len)
        elif code in _REPEATS:
            written += write_shortest(argument[2]) * argument[0]
    return written


def list_repetitions(tree: Any, lead: str = "") -> Iterator[tuple[str, str]]:
    """Give what leads to each repetition of a pattern and what may be repeated there."""
    for code, argument in tree:
        if code in _REPEATS:
            body = argument[2]
            if argument[1] != 1:
                yield from ((lead, unit) for unit in (*_collect_characters(body), write_shortest(body)) if unit)
            yield from list_repetitions(body, lead)
        else:
            for part in _list_parts(code, argument):
                yield from list_repetitions(part, lead)
        if code not in (codes.ASSERT, codes.ASSERT_NOT):
            lead += write_shortest([(code, argument)])


def _list_parts(code: Any, argument: Any) -> list[Any]:
    if code in (codes.SUBPATTERN, codes.ASSERT, codes.ASSERT_NOT):
        return [argument[-1]]
    if code is codes.ATOMIC_GROUP:
        return [argument]
    return list(argument[1]) if code is codes.BRANCH else []


def _collect_characters(tree: Any) -> list[str]:
    """Give the characters of every class within a repeated part."""
    found: list[str] = []
    for code, argument in tree:
        characters = list_characters((code, argument))
        if characters is not None:
            found += characters if code is codes.IN else []
        parts = [argument[2]] if code in _REPEATS else _list_parts(code, argument)
        found += [each for part in parts for each in _collect_characters(part)]
    return list(dict.fromkeys(found))


def generate_units(pattern: re.Pattern[str]) -> set[tuple[str, str]]:
    """Give pairs of a lead and a unit to repeat behind it."""
    repetitions = set(list_repetitions(parser.parse(pattern.pattern, pattern.flags)))
    characters = sorted({unit for _, unit in repetitions if len(unit) == 1})
    plain = {("", first + second) for first, second in product(characters, SEPARATORS)}
    capitals = {("", f"A{separator}") for separator in SEPARATORS}
    return plain | capitals | {(lead[:200], unit + by) for lead, unit in repetitions for by in SEPARATORS[:3]}


def repeat(lead: str, unit: str, size: int, end: str = "") -> str:
    """Fill a text of `size` characters."""
    room = size - len(lead) - len(end)
    return lead + (unit * (room // len(unit) + 1))[:room] + end
