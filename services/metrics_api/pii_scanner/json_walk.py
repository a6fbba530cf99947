"""Walks JSON data of any depth and gives each scalar with its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from metrics_api.pii_scanner.budget import check_budget
from metrics_api.pii_scanner.json_keys import find_sensitive_word

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


def may_hold_pii(key: str) -> bool:
    """Tell the rare keys that are worth scanning from plain names of fields without a number as long as a phone's."""
    return _PLAIN_KEY.fullmatch(key) is None or _LONG_NUMBER.search(key) is not None


def walk_leaves(data: object) -> Iterator[Node]:
    """Give the values that are no object or array, in the order of the document, and keys that may be personal."""
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
