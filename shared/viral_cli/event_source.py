"""Opens a file of events from standard input, a pipe or gzip, in one of several encodings; its rows are records."""

import gzip
import hashlib
import io
import re
import shutil
import stat
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple, TextIO, cast

from viral_cli.text_encodings import DECODE_ERRORS, Encoding, EncodingDetector

BLANK = "\ufeff\x1a \t\r\n"
"""Characters around text that are not part of it: byte order mark, DOS end-of-file mark, white space."""


@dataclass(frozen=True)
class Record:
    """One row: its first line, and its values or its problem."""

    line: int
    values: dict[str, Any]
    problem: str | None = None


MAX_LINE_CHARACTERS = 16 * 1024 * 1024
_BLOCK_BYTES = 1024 * 1024
_GZIP = b"\x1f\x8b"
_STANDARD_INPUT = Path("-")
_OTHER_FORMATS = {
    "a ZIP archive or an Excel workbook": rb"PK\x03\x04",
    "an old Excel workbook": rb"\xd0\xcf\x11\xe0",
    "compressed by bzip2": rb"BZh[1-9]1AY&SY",
    "compressed by xz": rb"\xfd7zXZ\x00",
    "compressed by Zstandard": rb"\x28\xb5\x2f\xfd",
    "compressed by gzip twice": _GZIP,
    "a Parquet file": rb"PAR1\x15",
    "a SQLite database": rb"SQLite format 3\x00",
    "a PDF": rb"%PDF-",
}


class UnreadableFileError(Exception):
    """A file without text; the message says what it is and what to use instead."""


class Line(NamedTuple):
    """A line of a file with its number; the rest of a line that is too long is left out."""

    number: int
    text: str
    is_cut: bool = False


@dataclass(frozen=True)
class EventSource:
    """A file that can be read more than once, and its content's digest."""

    name: str
    path: Path
    is_pipe: bool
    is_gzip: bool
    encoding: Encoding
    sha256: str
    lines: int

    @contextmanager
    def open_text(self, newline: str | None) -> Iterator[TextIO]:
        """The file's text; `newline` as in `open`. Broken characters become BROKEN_CHARACTER."""
        with (
            _open_bytes(self.path, is_gzip=self.is_gzip) as file,
            io.TextIOWrapper(file, self.encoding.codec, DECODE_ERRORS, newline) as text,
        ):
            yield text


@contextmanager
def open_source(path: Path, encoding: Encoding | None) -> Iterator[EventSource]:
    """Open a file; a pipe is copied first. Raises UnreadableFileError."""
    if path == _STANDARD_INPUT:
        with _copied(sys.stdin.buffer) as copy:
            yield _examine("standard input", copy, encoding, is_pipe=True)
    elif stat.S_ISREG(path.stat().st_mode):
        yield _examine(path.name, path, encoding, is_pipe=False)
    else:
        with path.open("rb") as pipe, _copied(pipe) as copy:
            yield _examine(path.name, copy, encoding, is_pipe=True)


def read_lines(file: TextIO) -> Iterator[Line]:
    """Every line with its line break, in bounded memory."""
    number = 0
    while text := file.readline(MAX_LINE_CHARACTERS):
        number += 1
        is_cut = len(text) == MAX_LINE_CHARACTERS and not text.endswith(("\n", "\r"))
        if is_cut:
            _skip_line(file)
        yield Line(number, text, is_cut)


def _skip_line(file: TextIO) -> None:
    while (rest := file.readline(MAX_LINE_CHARACTERS)) and not rest.endswith(("\n", "\r")):
        pass


@contextmanager
def _copied(pipe: BinaryIO) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(prefix="viral-engine-import-") as copy:
        shutil.copyfileobj(pipe, copy, _BLOCK_BYTES)
        copy.flush()
        yield Path(copy.name)


def _examine(name: str, path: Path, encoding: Encoding | None, *, is_pipe: bool) -> EventSource:
    with path.open("rb") as file:
        is_gzip = file.read(len(_GZIP)) == _GZIP
    detector, digest, lines = EncodingDetector(), hashlib.sha256(), 0
    for block in _read_blocks(name, path, is_gzip=is_gzip):
        detector.feed(block)
        digest.update(block)
        lines += block.count(b"\n")
    return EventSource(name, path, is_pipe, is_gzip, encoding or detector.finish(), digest.hexdigest(), lines)


def _read_blocks(name: str, path: Path, *, is_gzip: bool) -> Iterator[bytes]:
    is_first = True
    with _open_bytes(path, is_gzip=is_gzip) as file:
        try:
            while block := file.read(_BLOCK_BYTES):
                if is_first:
                    _check_is_text(name, block)
                    is_first = False
                yield block
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise UnreadableFileError(f"{name} is corrupted. Nothing was imported: {error}") from error


def _check_is_text(name: str, block: bytes) -> None:
    for what, start in _OTHER_FORMATS.items():
        if re.match(start, block):
            raise UnreadableFileError(
                f"{name} is {what}. Unpack it, or export it as CSV, NDJSON or JSON (gzip is supported)."
            )


def _open_bytes(path: Path, *, is_gzip: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_gzip else path.open("rb")
