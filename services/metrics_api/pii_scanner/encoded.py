"""Undoes percent and base64 encoding, every position still traceable to the text that was given."""

import binascii
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MAX_PERCENT_DECODES = 2
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_TOKEN = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_PART = re.compile(r"[A-Za-z0-9]{8,}={0,2}")
_TO_STANDARD = str.maketrans("-_", "+/")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Decoded(NamedTuple):
    """A decoded text; `starts` gives the original position of each character and of the end, None if all kept it."""

    text: str
    starts: Sequence[int] | None = None

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Translate a span of `text` into positions of the text that was given."""
        return (start, end) if self.starts is None else (self.starts[start], self.starts[end])


def decode_percent(text: str) -> Decoded:
    """Decode percent escapes, and those that show up behind them; what is no UTF-8 becomes U+FFFD."""
    starts: Sequence[int] | None = None
    for _ in range(MAX_PERCENT_DECODES):
        if "%" not in text or not _ESCAPES.search(text):
            break
        text, inner = _decode_once(text)
        starts = inner if starts is None else [starts[place] for place in inner]
    return Decoded(text, starts)


def _decode_once(text: str) -> tuple[str, list[int]]:
    parts: list[str] = []
    starts: list[int] = []
    position = 0
    for match in _ESCAPES.finditer(text):
        start, end = match.span()
        parts.append(text[position:start])
        starts.extend(range(position, start))
        written = bytes.fromhex(match[0].replace("%", "")).decode(errors="surrogateescape")
        for character in written:
            starts.append(start)
            start += 3 * len(character.encode(errors="surrogateescape"))
        parts.append(_SURROGATE.sub("\ufffd", written))
        position = end
    parts.append(text[position:])
    starts.extend(range(position, len(text) + 1))
    return "".join(parts), starts


def decode_base64(text: str) -> Iterator[tuple[int, int, str]]:
    """Give each place that is readable text in base64, standard or for URLs, and that text.

    A token is tried whole and, as its neighbors in a path may use the same alphabet, part by part.
    """
    for token in _TOKEN.finditer(text):
        read = _decode_token(token[0])
        if read is not None:
            yield (*token.span(), read)
            continue
        for part in _PART.finditer(token[0]):
            read = _decode_token(part[0])
            if read is not None:
                yield token.start() + part.start(), token.start() + part.end(), read


def _decode_token(token: str) -> str | None:
    digits = token.rstrip("=").translate(_TO_STANDARD)
    if len(digits) % 4 == 1:
        return None
    try:
        read = binascii.a2b_base64(digits + "=" * (-len(digits) % 4)).decode()
    except ValueError:
        return None
    return read if read.isprintable() or read.replace("\n", "").replace("\t", "").isprintable() else None
