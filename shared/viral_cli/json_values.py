"""Splits a JSON text of any size into rows in bounded memory; a broken row does not affect the next."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from viral_cli.event_source import MAX_LINE_CHARACTERS

_TOKEN = re.compile(
    r"""(?P<string>"[^"\\\n]*(?:\\.[^"\\\n]*)*(?P<end>"?))|[{}\[\],:\n]|[^\s{}\[\],:"]+""",
)
_CLOSING = {"}": "{", "]": "["}
_ROWS, _OTHER_LIST, _OBJECT = "rows", "list", "object"


class Token(NamedTuple):
    """A bracket, comma, colon, string or word, with its line. An unterminated string ends at the line break."""

    text: str
    line: int


def read_tokens(chunks: Iterator[str], line: int = 1) -> Iterator[Token]:
    """The tokens of a JSON text."""
    rest = ""
    for chunk in chunks:
        rest += chunk
        used = 0
        for match in _TOKEN.finditer(rest):
            if _may_go_on(match, rest) and len(rest) - match.start() < MAX_LINE_CHARACTERS:
                break
            used = match.end()
            if match[0] == "\n":
                line += 1
            else:
                yield Token(match[0], line)
        rest = rest[used:]
    for match in _TOKEN.finditer(rest):
        yield Token(match[0], line)


def _may_go_on(match: re.Match[str], text: str) -> bool:
    """Whether the token may continue in the next chunk."""
    if match["string"]:
        return not match["end"] and text[match.end() :] in ("", "\\")
    return match.end() == len(text) and match[0] not in "{}[],:\n"


class RawRow(NamedTuple):
    """The text of a row with its first line, or the reason why there is none."""

    line: int
    text: str
    problem: str | None = None


class JsonText:
    """The rows of a JSON text."""

    def __init__(self, chunks: Iterator[str], first_line: int = 1) -> None:
        self._tokens = read_tokens(chunks, first_line)
        self._around: list[str] = []
        self._row = _Row(Token("", first_line))

    def split(self, *, in_lists: bool) -> Iterator[RawRow]:
        """The elements of all lists of objects, or otherwise the values of the text."""
        opens_list = False
        for token in self._tokens:
            if opens_list:
                self._around.append(_ROWS if self._is_first_of_rows(token) else _OTHER_LIST)
                opens_list = False
            if self._row.is_open:
                yield from self._go_on(token)
            if self._row.took is token:
                continue
            if self._is_among_rows(in_lists=in_lists):
                yield from self._begin(token)
            else:
                opens_list = token.text == "["
                yield from self._step_outside(token, opens_list=opens_list)
        if self._row.is_open:
            yield self._row.close()
        elif self._around:
            yield RawRow(self._row.took.line, "", "the file ends before its list does")

    def _is_among_rows(self, *, in_lists: bool) -> bool:
        return self._around[-1] == _ROWS if self._around else not in_lists

    def _is_first_of_rows(self, token: Token) -> bool:
        return not self._around or (token.text == "{" and _OTHER_LIST not in self._around)

    def _go_on(self, token: Token) -> Iterator[RawRow]:
        """Add a token to the open row, or end the row before it."""
        if self._row.ends_before(token):
            yield self._row.close()
        else:
            self._row.add(token)
            if not self._row.depth and (token.text in _CLOSING or not self._around):
                yield self._row.close()

    def _begin(self, token: Token) -> Iterator[RawRow]:
        if token.text == "]" and self._around:
            self._around.pop()
        elif token.text != ",":
            self._row = _Row(token)
            if not self._row.depth and not self._around:
                yield self._row.close()

    def _step_outside(self, token: Token, *, opens_list: bool) -> Iterator[RawRow]:
        if token.text == "{":
            self._around.append(_OTHER_LIST if _OTHER_LIST in self._around else _OBJECT)
        elif token.text in _CLOSING and self._around:
            self._around.pop()
        elif not self._around and not opens_list and token.text != ",":
            yield RawRow(token.line, token.text)


class _Row:
    """The tokens of a row, and its open brackets."""

    def __init__(self, first: Token) -> None:
        self._line = first.line
        self._parts: list[str] = []
        self._characters = 0
        self._brackets: list[str] = []
        self.took = Token("", 0)
        self.is_open = bool(first.text)
        if self.is_open:
            self.add(first)

    @property
    def depth(self) -> int:
        return len(self._brackets)

    def add(self, token: Token) -> None:
        if token.text in "{[":
            self._brackets.append(token.text)
        elif token.text in _CLOSING and self._brackets:
            self._brackets.pop()
        self.took = token
        self._characters += len(token.text)
        if self._characters <= MAX_LINE_CHARACTERS:
            self._parts.append(token.text)

    def ends_before(self, token: Token) -> bool:
        """Whether the token is not part of this row, which is broken unless it is a word."""
        if not self._brackets:
            return token.text in ",]}"
        if token.text in _CLOSING:
            return self._brackets[-1] != _CLOSING[token.text]
        return token.text == "{" and self._brackets[-1] == "{" and self.took.text != ":"

    def close(self) -> RawRow:
        self.is_open = False
        if self._characters > MAX_LINE_CHARACTERS:
            return RawRow(self._line, "", "is too long")
        return RawRow(self._line, " ".join(self._parts))
