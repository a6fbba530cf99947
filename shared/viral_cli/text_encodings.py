"""Detects a file's text encoding from its bytes."""

import codecs
import re
from dataclasses import dataclass

BROKEN_CHARACTER = "\udcff"
"""Replaces bytes that are invalid in the encoding, so that they affect only their own row."""
DECODE_ERRORS = "viral-engine-broken-character"
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_NUL_SHARE = 0.4
_CHARACTER = re.compile("[\x80-\ud7ff\ue000-\U0010ffff]")
# The rest of a truncated UTF-8 character: its first byte with too few others after it, or only the first byte of an
# accented letter, the most frequent case. All other bytes suggest Latin-1.
_CUT = "[\udcc2-\udcf4][\udc80-\udcbf]{1,2}|[\udcc2\udcc3]"
_OTHER_BYTES = re.compile(f"(?:(?:{_CUT})(?![\udc80-\udcff]))|([\udc80-\udcff])")

codecs.register_error(DECODE_ERRORS, lambda error: (BROKEN_CHARACTER, getattr(error, "end", 0)))


@dataclass(frozen=True)
class Encoding:
    """An encoding's Python name and its display name."""

    codec: str
    label: str


UTF_8 = Encoding("utf-8", "UTF-8")
LATIN_1 = Encoding("cp1252", "Latin-1 (Windows-1252)")


def find_named(name: str) -> Encoding:
    """The encoding with this name. Raises LookupError if there is no such text encoding."""
    codec = codecs.lookup(name).name
    "".encode(codec)
    return Encoding("utf-8-sig" if codec == "utf-8" else codec, name)


class EncodingDetector:
    """Examines all of a file's bytes, block by block."""

    def __init__(self) -> None:
        self._by_start: Encoding | None = None
        self._utf_8 = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._started = self._has_characters = self._has_other_bytes = False

    def feed(self, block: bytes) -> None:
        """Examine the next block of the file."""
        if not self._started:
            self._started, self._by_start = True, _find_by_start(block)
        if not self._by_start and not self._has_characters:
            self._look_at(self._utf_8.decode(block))

    def finish(self) -> Encoding:
        """The file's encoding: UTF-8 if any of it is, because another guess would silently change names."""
        if self._by_start:
            return self._by_start
        return LATIN_1 if self._has_other_bytes and not self._has_characters else UTF_8

    def _look_at(self, text: str) -> None:
        if text.isascii():
            return
        self._has_characters = _CHARACTER.search(text) is not None
        self._has_other_bytes |= any(match[1] for match in _OTHER_BYTES.finditer(text))


def _find_by_start(block: bytes) -> Encoding | None:
    for mark, codec, label in _MARKS:
        if block.startswith(mark):
            return Encoding(codec, label)
    pairs = len(block) // 2
    for first, codec in enumerate(("utf-16-be", "utf-16-le")):
        nul, other = block[first::2].count(0), block[1 - first :: 2].count(0)
        if pairs and nul > _NUL_SHARE * pairs and other == 0:
            return Encoding(codec, "UTF-16")
    return None
