"""Cuts a posted list into the texts of its items, without reading them.

Only the end of each item is searched for, so that a broken item is known by its position and the rest can be stored.
The time grows only with the body's length.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from metrics_api.api.problems import ProblemError, invalid
from metrics_api.api.routing import MAX_BODY_BYTES, MAX_MARKS, count_marks, parse_json
from viral_contract.models.problem import FieldError

# Brackets nested deeper than `_FLAT_LEVELS` are followed one by one; no batch of valid items has as many of them.
_FLAT_LEVELS = 6
_MAX_FOLLOWED = 500_000
# A pattern blocks other threads while it matches, so it gets at most this much at once.
_WINDOW_BYTES = 64 * 1024

_BLANK = re.compile(rb"[ \t\r\n]*+")
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_IN_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)


def _build_nested(levels: int) -> bytes:
    """A pattern for anything with balanced brackets down to this depth; possessive, so that it never backtracks."""
    inner = rb'(?:[^"\[\]{}]++|' + _STRING + rb")*+"
    for _ in range(levels):
        inner = rb'(?:[^"\[\]{}]++|' + _STRING + rb"|\[" + inner + rb"\]|\{" + inner + rb"\})*+"
    return inner


_NESTED = _build_nested(_FLAT_LEVELS - 1)
_INSIDE = re.compile(_NESTED, re.DOTALL)
_ITEM = re.compile(
    rb'(?:[^"\[\]{},]++|' + _STRING + rb"|\[" + _NESTED + rb"\]|\{" + _NESTED + rb"\})*+",
    re.DOTALL,
)
_LINE = re.compile(rb"[^\r\n]++")
_CLOSING = {ord("["): ord("]"), ord("{"): ord("}")}


def split_lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Each line of NDJSON that is not blank, with its number; lines count from 1."""
    number, end = 1, 0
    for match in _LINE.finditer(body):
        start = match.start()
        number += body.count(b"\n", end, start) + body.count(b"\r", end, start) - body.count(b"\r\n", end, start)
        end = match.end()
        if not match[0].isspace():
            yield number, match[0]


def split_list(body: bytes, field: str) -> Iterator[bytes]:
    """The text of each item of `{field: [...]}`.

    Raises ProblemError 400 if the list cannot be parsed, 413 if it nests too deeply, 422 if the body is another
    object.
    """
    head = re.compile(rb'[ \t\r\n]*+\{[ \t\r\n]*+"' + field.encode() + rb'"[ \t\r\n]*+:[ \t\r\n]*+\[').match(body)
    if head is None:
        raise _refuse_envelope(body, field)
    cutter = _Cutter(body, field, _skip_blank(body, head.end()))
    yield from cutter.cut()
    _check_rest(body, cutter.position, field)


def _skip_blank(body: bytes, position: int) -> int:
    match = _BLANK.match(body, position)
    return match.end() if match else position


class _Cutter:
    """Goes through one list; `position` is the end of the items so far."""

    def __init__(self, body: bytes, field: str, position: int) -> None:
        self._body = body
        self._field = field
        self._index = 0
        self._followed = 0
        self.position = position

    def cut(self) -> Iterator[bytes]:
        """Yield the items, and stop after the list's closing bracket."""
        if self._body[self.position : self.position + 1] == b"]":
            self.position += 1
            return
        while True:
            start = self.position
            end = self._find_end(start)
            self.position = end + 1
            yield self._body[start:end].strip()
            if self._body[end] == ord("]"):
                return
            self._index += 1

    def _find_end(self, start: int) -> int:
        """The position of the comma or bracket after the item that starts here."""
        position = self._run(_ITEM, start)
        while (byte := self._body[position]) not in b",]":
            if byte not in _CLOSING:
                raise self._unfollowable("is not closed")
            position = self._run(_ITEM, self._leave(position))
        return position

    def _leave(self, position: int) -> int:
        """The position after the bracket that closes the one at `position`, which is deeply nested."""
        awaited = [_CLOSING[self._body[position]]]
        while awaited:
            self._followed += 1
            if self._followed > _MAX_FOLLOWED:
                raise _too_deep(self._field)
            position = self._run(_INSIDE, position + 1)
            byte = self._body[position]
            if byte in _CLOSING:
                awaited.append(_CLOSING[byte])
            elif byte != awaited.pop():
                raise self._unfollowable("is not closed")
        return position + 1

    def _run(self, pattern: re.Pattern[bytes], position: int) -> int:
        """The end of the pattern's match: at a comma or a bracket."""
        while True:
            window = position + _WINDOW_BYTES
            end = self._match(pattern, position, window)
            if end == len(self._body):
                raise self._unfollowable("is cut off")
            if self._body[end] == ord('"'):
                end = self._leave_string(end)
            elif end < window:
                return end
            position = end

    def _leave_string(self, position: int) -> int:
        """The position after the string that begins here; a window ended in it, or it is not closed."""
        start = position + 1
        while (end := self._match(_IN_STRING, start, start + _WINDOW_BYTES)) < len(self._body):
            if self._body[end] == ord('"'):
                return end + 1
            if end == start:
                break
            start = end
        raise self._unfollowable("is cut off")

    def _match(self, pattern: re.Pattern[bytes], position: int, window: int) -> int:
        match = pattern.match(self._body, position, window)
        return match.end() if match else position

    def _unfollowable(self, what: str) -> ProblemError:
        return _not_json(f"/{self._field}/{self._index} {what}")


def _refuse_envelope(body: bytes, field: str) -> ProblemError:
    """Why the body is not the expected object. Raises ProblemError 400 if it is not JSON."""
    if len(body) > MAX_BODY_BYTES or count_marks(body) > MAX_MARKS:
        return _not_json(f'it does not start with {{"{field}": [')
    posted = parse_json(body)
    if isinstance(posted, dict) and isinstance(posted.get(field), list):
        return _unknown_fields(posted, field)
    return invalid([FieldError(pointer=f"/{field}", detail="must be a list")])


def _check_rest(body: bytes, position: int, field: str) -> None:
    """Raise ProblemError unless only the end of the object follows the list."""
    rest = body[position:].strip()
    if rest == b"}":
        return
    if len(rest) > MAX_BODY_BYTES:
        raise invalid([FieldError(pointer=f"/{field}", detail="must be the body's only field")])
    raise _unknown_fields(parse_json(b'{"' + field.encode() + b'":[]' + rest), field)


def _unknown_fields(posted: dict[str, Any], field: str) -> ProblemError:
    unknown = [FieldError(pointer=f"/{name}", detail="is not a known field") for name in posted if name != field]
    return invalid(unknown or [FieldError(pointer=f"/{field}", detail="is given more than once")])


def _not_json(what: str) -> ProblemError:
    return ProblemError(HTTPStatus.BAD_REQUEST, "not_json", f"The body is not JSON: {what}.")


def _too_deep(field: str) -> ProblemError:
    detail = f"/{field} is nested too deeply. Send it in smaller parts."
    return ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)
