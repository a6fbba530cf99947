"""A report as a PDF, typeset by Typst with its own template and fonts; it loads nothing from a network."""

import json
import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from pathlib import Path

import typst

from viral_reports.page import build_page
from viral_reports.written import WrittenReport, facts_of

_FOLDER = Path(__file__).parent
_SUFFIXES = {".ttf", ".otf", ".ttc"}
_COLLECTION = b"ttcf"
_SELECTORS = range(0xFE00, 0xFE10)
_SEGMENTS, _GROUPS = 4, 12

_PACKAGES = "manimgx_fonts", "manimgx_fonts_cjk"
FOLDERS = (Path(__file__).parent / "fonts", *(Path(str(files(package))) for package in _PACKAGES))
"""Inter, and Noto for the other scripts of the world and emoji."""


def render_pdf(report: WrittenReport) -> bytes:
    """The report as PDF; the same report gives the same bytes. Raises NotWrittenError while it is not ready.

    All texts reach the template as JSON and are set as text, so none is read as markup. A character that no font has
    is shown by its number.
    """
    pdf = typst.compile(
        str(_FOLDER / "templates" / "report.typ"),
        root=str(_FOLDER / "templates"),
        format="pdf",
        font_paths=[str(folder) for folder in FOLDERS],
        ignore_system_fonts=True,
        sys_inputs={"page": show_missing(json.dumps(asdict(build_page(report)), ensure_ascii=False))},
        timestamp=int(facts_of(report).snapshot_at.timestamp()),
    )
    if not isinstance(pdf, bytes):
        raise TypeError(f"Typst answered {type(pdf).__name__} instead of one PDF.")
    return pdf


def show_missing(text: str) -> str:
    """The text with a visible number, as in [U+13A0], for each character that no font has."""
    if text.isascii():
        return text
    return "".join(character if _can_show(character) else f"[U+{ord(character):04X}]" for character in text)


def _can_show(character: str) -> bool:
    is_invisible = unicodedata.category(character) == "Cf" or ord(character) in _SELECTORS
    return is_invisible or ord(character) in _list_characters()


@cache
def _list_characters() -> frozenset[int]:
    """The code points that any font covers."""
    paths = [path for folder in FOLDERS for path in sorted(folder.iterdir()) if path.suffix in _SUFFIXES]
    return frozenset(code for path in paths for code in _read_font(path.read_bytes()))


def _read_font(font: bytes) -> Iterator[int]:
    """The code points of a font, or of the first of a collection, from its OpenType table `cmap`."""
    start = struct.unpack_from(">I", font, 12)[0] if font[:4] == _COLLECTION else 0
    (tables,) = struct.unpack_from(">H", font, start + 4)
    records = (struct.unpack_from(">4sIII", font, start + 12 + 16 * number) for number in range(tables))
    table = next(offset for tag, _checksum, offset, _length in records if tag == b"cmap")
    (subtables,) = struct.unpack_from(">H", font, table + 2)
    for number in range(subtables):
        (offset,) = struct.unpack_from(">I", font, table + 4 + 8 * number + 4)
        (kind,) = struct.unpack_from(">H", font, table + offset)
        if kind == _GROUPS:
            yield from _read_groups(font, table + offset)
        elif kind == _SEGMENTS:
            yield from _read_segments(font, table + offset)


def _read_groups(font: bytes, start: int) -> Iterator[int]:
    (groups,) = struct.unpack_from(">I", font, start + 12)
    for number in range(groups):
        first, last, _glyph = struct.unpack_from(">III", font, start + 16 + 12 * number)
        yield from range(first, last + 1)


def _read_segments(font: bytes, start: int) -> Iterator[int]:
    doubled = struct.unpack_from(">H", font, start + 6)[0]
    lasts = struct.unpack_from(f">{doubled // 2}H", font, start + 14)
    firsts = struct.unpack_from(f">{doubled // 2}H", font, start + 16 + doubled)
    for first, last in zip(firsts, lasts, strict=True):
        # The last segment is the end marker 0xFFFF, not a character.
        yield from range(first, min(last, 0xFFFE) + 1)
