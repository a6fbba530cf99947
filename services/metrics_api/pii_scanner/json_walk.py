"""Walks JSON data of any depth and yields each scalar with its place, and what its keys say about it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from metrics_api.pii_scanner.budget import check_budget
from metrics_api.pii_scanner.cues import Cue, telling_words

_SEAM = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W\d_]+")
_SENSITIVE_WORDS = frozenset("email phone mobile address ssn password birthdate dob".split())
_SENSITIVE_PHRASES = (("full", "name"), ("first", "name"), ("last", "name"), ("date", "of", "birth"))
_PERSON_WORDS = frozenset(
    """
    child children kid student pupil learner player user author parent guardian teacher profile person owner friend
    kids students pupils learners players users authors parents guardians teachers people friends
    """.split()
)
_TELLING_WORDS = telling_words() | frozenset(
    "born birth birthday birthdate birthdates bday dob school address lives name surname nickname".split()
)
# The keys of free text say nothing about the digits in it.
_FREE_TEXT_WORDS = frozenset("text texts message messages msg sms call contact contacts".split())
# Cues reach no further back than this, and each value is read with its lead.
_LONGEST_LEAD = 80
_NUMBER_WORDS = telling_words(Cue.PHONE, Cue.SSN, Cue.CARD) | frozenset("note notes value comment answer input".split())
_PLAIN_KEY = re.compile(r"[\w.\-]*", re.ASCII)
_LONG_NUMBER = re.compile(r"\d(?:\D{0,3}\d){6}")


@dataclass(slots=True, eq=False)
class Node:
    """A value inside JSON data.

    `key` is the nearest object key above it, `parent_key` the key of the object that holds that key, `sensitive` the
    word that makes a key above it personal.
    """

    value: object
    parent: "Node | None" = None
    token: str = ""
    key: str = ""
    sensitive: str | None = None
    parent_key: str = ""


@lru_cache(maxsize=1024)
def split_key(key: str) -> tuple[str, ...]:
    """The lower-case words: `userEmail`, `user_email`, `user.email` and `USER-EMAIL2` are all `user`, `email`."""
    return tuple(word.lower() for word in _SEAM.split(key) if word)


@lru_cache(maxsize=1024)
def find_sensitive_word(key: str) -> str | None:
    """The word or phrase that makes a value under this key personal, or None."""
    words = split_key(key)
    for word in words:
        if word in _SENSITIVE_WORDS:
            return word
    for phrase in _SENSITIVE_PHRASES:
        if any(words[index : index + len(phrase)] == phrase for index in range(len(words))):
            return "_".join(phrase)
    return None


@lru_cache(maxsize=1024)
def build_lead(parent_key: str, key: str) -> str:
    """The words to read before a value, such as "parent phone: ", or "" when the key tells nothing.

    A bare `name` is a person's only under a key for people: `student: {name: ...}`.
    """
    words = split_key(key)
    if words == ("name",) and _PERSON_WORDS.isdisjoint(split_key(parent_key)):
        return ""
    if _TELLING_WORDS.isdisjoint(words) or not _FREE_TEXT_WORDS.isdisjoint(words):
        return ""
    return " ".join(words)[-_LONGEST_LEAD:] + ": "


def is_bare_name(key: str) -> bool:
    """Whether a key is just `name`, which may be a person's or a game's."""
    return split_key(key) == ("name",)


@lru_cache(maxsize=1024)
def may_hold_number(key: str) -> bool:
    """Whether a number under this key may be a phone, card or social security number rather than a count."""
    return not key or not _NUMBER_WORDS.isdisjoint(split_key(key))


def may_hold_pii(key: str) -> bool:
    """Tell the rare keys that are worth scanning from plain names of fields without a number as long as a phone's."""
    return _PLAIN_KEY.fullmatch(key) is None or _LONG_NUMBER.search(key) is not None


def walk_leaves(data: object) -> Iterator[Node]:
    """The values that are no object or array, in the order of the document, and keys that may be personal."""
    pending = [Node(data)]
    while pending:
        check_budget()
        node = pending.pop()
        if isinstance(node.value, dict):
            pending.extend(reversed(list(_enter_object(node, node.value))))
        elif isinstance(node.value, list | tuple):
            pending.extend(
                Node(node.value[index], node, str(index), node.key, node.sensitive, node.parent_key)
                for index in range(len(node.value) - 1, -1, -1)
            )
        else:
            yield node


def _enter_object(node: Node, members: dict[object, object]) -> Iterator[Node]:
    for name, value in members.items():
        key = str(name)
        if may_hold_pii(key):
            yield Node(key, node, key)
        yield Node(value, node, key, key, node.sensitive or find_sensitive_word(key), node.key)
