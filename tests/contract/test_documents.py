"""The documents name only what exists, and the README leads to each of them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
REQUIREMENTS = ROOT / "docs/requirements.md"
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
# How many requirements of each letter there are.
REQUIRED = {"G": 8, "C": 3, "D": 3, "R": 6, "Q": 4, "E": 4, "P": 3, "T": 1, "F": 1, "X": 1, "S": 1, "V": 1, "N": 17}
_LINK = re.compile(r"\]\((?!https?:)([^)\s#]*)(?:#([^)\s]+))?\)")
_CODE = re.compile(r"`([^`]+)`")
_ROW = re.compile(r"^\| ([A-Z]\d[^|]*) \|(.*)$", re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def list_anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as they are made of them where it is shown."""
    headings = _HEADING.findall(document.read_text())
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def find_dead_links(document: Path) -> list[str]:
    """The links of a document that lead nowhere."""
    dead = []
    for path, anchor in _LINK.findall(document.read_text()):
        target = (document.parent / path) if path else document
        if not target.exists() or (anchor and anchor not in list_anchors(target)):
            dead.append(f"{path}#{anchor}")
    return dead


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    assert find_dead_links(document) == []


def test_the_readme_leads_to_every_document() -> None:
    linked = {(ROOT / path).resolve() for path, _ in _LINK.findall(README.read_text()) if path}
    assert set((ROOT / "docs").glob("*.md")) <= linked
    assert ROOT / "docs/decisions/README.md" in linked


def test_every_requirement_has_its_row() -> None:
    found = set()
    for ids, _ in _ROW.findall(REQUIREMENTS.read_text()):
        for first, last in re.findall(r"([A-Z]\d+)(?:-[A-Z]?(\d+))?", ids):
            found |= {f"{first[0]}{number}" for number in range(int(first[1:]), int(last or first[1:]) + 1)}
    assert found == {f"{letter}{number}" for letter, last in REQUIRED.items() for number in range(1, last + 1)}


def is_there(named: str) -> bool:
    """Whether a path, or a module that is run, exists."""
    if named.startswith("python -m "):
        return (ROOT / named.removeprefix("python -m ").replace(".", "/")).with_suffix(".py").exists()
    return any((ROOT / folder / named).exists() for folder in ("", "services", "shared"))


def test_what_shows_a_requirement_exists() -> None:
    named = [code for _, row in _ROW.findall(REQUIREMENTS.read_text()) for code in _CODE.findall(row)]
    paths = [code for code in named if "/" in code or "." in code]
    assert len(paths) > 50
    assert [path for path in paths if not is_there(path)] == []
