"""Looks into a tree of components as a reader would."""

from collections.abc import Iterator
from typing import Any


def walk(node: Any) -> Iterator[Any]:
    """Every component and text of the tree, from the top."""
    if isinstance(node, list | tuple):
        for each in node:
            yield from walk(each)
        return
    yield node
    children = getattr(node, "children", None)
    # A component without children is false.
    yield from walk([] if children is None else children)


def find(node: Any, class_name: str) -> list[Any]:
    """The components that have this class."""
    return [each for each in walk(node) if class_name in (getattr(each, "className", None) or "").split()]


def text_of(node: Any) -> str:
    """All text of the tree, in reading order."""
    return " ".join(str(each) for each in walk(node) if isinstance(each, str | int | float) and each != "")


def rows_of(node: Any) -> list[list[str]]:
    """The cells of every table row, the heading among them."""
    rows = [each for each in walk(node) if type(each).__name__ == "Tr"]
    return [[" ".join(text_of(cell).split()) for cell in row.children] for row in rows]
