"""Reads CSV and NDJSON files row by row, each with its line number."""

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

_BLOCK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Record:
    """One row: the line it begins at, and its values or what is wrong with it."""

    line: int
    values: dict[str, Any]
    problem: str | None = None


@dataclass(frozen=True)
class FileFacts:
    """What identifies a file's content, and how long it is."""

    sha256: str
    lines: int


def read_facts(path: Path) -> FileFacts:
    """Read a file once, in blocks, for its hash and its number of lines."""
    digest, lines = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            lines += block.count(b"\n")
    return FileFacts(digest.hexdigest(), lines)


def read_records(path: Path) -> Iterator[Record]:
    """Every row of a file; one that cannot be read is a record with a problem, and reading goes on."""
    # Bytes that are not UTF-8 survive as surrogates, so that they spoil only their own row.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        is_json = file.readline().lstrip().startswith("{")
        file.seek(0)
        for record in _read_json(file) if is_json else _read_csv(file):
            yield record if _is_utf8(record.values) else Record(record.line, {}, "is not UTF-8")


def _read_json(file: TextIO) -> Iterator[Record]:
    for number, text in enumerate(file, start=1):
        if not text.strip():
            continue
        try:
            values = json.loads(text)
        except ValueError as error:
            yield Record(number, {}, f"is not JSON: {error}")
            continue
        yield Record(number, values) if isinstance(values, dict) else Record(number, {}, "is not a JSON object")


def _read_csv(file: TextIO) -> Iterator[Record]:
    reader = csv.reader(file, strict=True)
    header = next(reader, [])
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            extent = f" (up to line {reader.line_num})" if reader.line_num > line else ""
            yield Record(line, {}, f"is not CSV: {error}{extent}")
            continue
        if len(values) == len(header):
            yield Record(line, dict(zip(header, values, strict=True)))
        elif values:
            yield Record(line, {}, f"has {len(values)} values for {len(header)} columns")


def _is_utf8(values: dict[str, Any]) -> bool:
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
