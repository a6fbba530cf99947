"""What people read is written in the field's terms: no phrase that was replaced comes back."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READ_BY_PEOPLE = ("services", "shared")
TEMPLATES = (".html", ".txt", ".typ")
# Comments of columns and migrations are for engineers.
NOT_READ = re.compile(r"/migrations/|/db/tables/|/fonts/")
REPLACED = (
    "Conversions are hard to believe",
    "Many addresses click too often",
    "Devices click like robots",
    "No events arrive",
    "the limit is 0",
    "Opens the alert",
    "Please mend",
    "whose first click lies in the period",
    "who came how far",
    "Whatever the period",
    "Nothing that could be applied differs",
    "Most points for",
    "that are tolerated",
    "that is tolerated",
    "Seconds of a burst",
    "Look into it",
    "Let somebody in",
    "Let them in",
    "Make it",
    "Note it",
    "Trust it",
    "What is kept how long",
    "What the nights deleted",
    "No night has passed",
    "neither changed nor deleted",
    "Waiting for a person",
    "Long work",
    "Ticks of the schedule",
    "works no more",
    "was not repeated alike",
)
UNIDIOMATIC = re.compile(r"\b(?:mend|mended|anew|whom|whoever|lets? in|told(?!-once))\b", re.IGNORECASE)
SPELLINGS = re.compile(r"K-Factor|K factor|(?:\d|^) %(?![\w}])")


def read_texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every text of a file that is no comment or docstring, with its line; each constant part of an f-string."""
    if path.suffix in TEMPLATES:
        yield from enumerate(path.read_text().splitlines(), start=1)
        return
    tree = ast.parse(path.read_text())
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


@pytest.fixture(scope="module")
def texts() -> list[tuple[str, str]]:
    """Every text with its place: "services/dashboard/guardrails/alerts.py:17"."""
    files = [path for folder in READ_BY_PEOPLE for path in sorted((ROOT / folder).rglob("*"))]
    return [
        (f"{path.relative_to(ROOT)}:{line}", text)
        for path in files
        if path.suffix in (".py", *TEMPLATES) and not NOT_READ.search(path.as_posix())
        for line, text in read_texts(path)
    ]


@pytest.mark.parametrize("phrase", REPLACED)
def test_no_replaced_phrase_comes_back(texts: list[tuple[str, str]], phrase: str) -> None:
    assert [(place, text) for place, text in texts if phrase in text] == []


@pytest.mark.parametrize("words", [UNIDIOMATIC, SPELLINGS], ids=["words", "spellings"])
def test_what_people_read_is_idiomatic_and_spelled_one_way(
    texts: list[tuple[str, str]], words: re.Pattern[str]
) -> None:
    assert [(place, text) for place, text in texts if words.search(text)] == []
