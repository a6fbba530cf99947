"""Where results are kept: the page that people read, and the file that programs read, each by section."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"
PAGE, DATA = "performance-benchmarks.md", "performance-benchmarks.json"
_HEAD = """\
# Benchmarks

`make bench` measures the reads, `make bench SECTIONS="email_delay under_attack"` other sections; the rest stays.
Compare the rows within a table, which are measured side by side in one run, not the seconds of different runs: other
jobs may have kept the machine busy.
"""
_TITLE = "\n## "


def describe_machine() -> dict[str, Any]:
    """When and on what something is measured."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load": [round(each, 1) for each in os.getloadavg()],
    }


def save_section(title: str, text: str, titles: Sequence[str], folder: Path = DOCS) -> None:
    """Replace one section of the page; the others stay, in the order of the titles."""
    page = folder / PAGE
    _, *parts = page.read_text().split(_TITLE) if page.exists() else [""]
    sections = dict(part.split("\n", 1) for part in parts)
    sections[title] = text
    known = [each for each in titles if each in sections]
    ordered = [*known, *(each for each in sections if each not in known)]
    page.write_text(_HEAD + "".join(f"{_TITLE}{each}\n{sections[each].strip()}\n" for each in ordered))


def save_data(name: str, data: Mapping[str, Any], folder: Path = DOCS) -> None:
    """Replace what programs read of one section."""
    file = folder / DATA
    known = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**known, name: data}, indent=1, sort_keys=True) + "\n")
