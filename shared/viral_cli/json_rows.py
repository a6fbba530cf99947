"""Reads the rows of a JSON file: one object per line, multi-line objects, an array, or a list in an object."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from viral_cli.event_source import BLANK, Line, Record
from viral_cli.json_values import JsonText, RawRow, read_tokens

JsonKind = Literal["lines", "values", "array", "envelope"]
_DESCRIPTIONS: dict[JsonKind, str] = {
    "lines": "NDJSON",
    "values": "JSON, one object after another",
    "array": "JSON array",
    "envelope": 'JSON like {"events": [...]}',
}


class NotJsonError(ValueError):
    """A text that is not a JSON value, or one that no event can contain."""


@dataclass(frozen=True)
class JsonLayout:
    """Whether each line is a row, each value of the file, or each element of the lists in it."""

    kind: JsonKind

    @property
    def description(self) -> str:
        """The layout in words."""
        return _DESCRIPTIONS[self.kind]


def parse_json(text: str) -> Any:
    """A value of strict JSON. Raises NotJsonError for NaN, a duplicate key, or too deep nesting."""
    try:
        return _STRICT.decode(text)
    except RecursionError as error:
        raise NotJsonError("it nests too deep") from error
    except ValueError as error:
        raise NotJsonError(getattr(error, "msg", "a number has too many digits")) from error


def find_json_layout(head: str, known: Collection[str]) -> JsonLayout:
    """The layout of a file that starts with this text; `known` are keys that only rows have."""
    if head.startswith("["):
        return JsonLayout("array")
    first, *others = head.splitlines()
    second = next(filter(None, map(str.strip, others)), "")
    value = _parse_object(first)
    if value is None and not second.startswith("{"):
        return JsonLayout("envelope" if _opens_envelope(head, known) else "values")
    if value is not None and not second and _is_envelope(value, known):
        return JsonLayout("envelope")
    return JsonLayout("lines")


def read_json_lines(lines: Iterator[Line], known: Collection[str]) -> Iterator[Record]:
    """One object per line; an object with a list of objects, as in the API's bodies, is as many rows."""
    for line in lines:
        text = line.text.strip(BLANK)
        if line.is_cut:
            yield Record(line.number, {}, "is too long")
        elif text:
            value = _parse_object(text)
            if value is not None and _is_envelope(value, known):
                yield from read_json_values(iter([text]), JsonLayout("envelope"), line.number)
            else:
                yield Record(line.number, value) if value is not None else _build_record(RawRow(line.number, text))


def read_json_values(chunks: Iterator[str], layout: JsonLayout, first_line: int = 1) -> Iterator[Record]:
    """The rows of a file with rows over several lines or several per line."""
    return map(_build_record, JsonText(chunks, first_line).split(in_lists=layout.kind != "values"))


def _build_record(row: RawRow) -> Record:
    if row.problem:
        return Record(row.line, {}, row.problem)
    try:
        value = parse_json(row.text)
    except NotJsonError as error:
        return Record(row.line, {}, f"is not JSON: {error}")
    return Record(row.line, value) if isinstance(value, dict) else Record(row.line, {}, "is not a JSON object")


def _parse_object(text: str) -> dict[str, Any] | None:
    try:
        value = parse_json(text)
    except NotJsonError:
        return None
    return value if isinstance(value, dict) else None


def _is_envelope(value: dict[str, Any], known: Collection[str]) -> bool:
    return not any(key in known for key in value) and _holds_list_of_objects(value)


def _holds_list_of_objects(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_list_of_objects, value.values()))
    return isinstance(value, list) and (not value or isinstance(value[0], dict))


def _opens_envelope(head: str, known: Collection[str]) -> bool:
    """Whether an object has a list of objects before any key that only rows have."""
    before, open_brackets = "", ""
    for token in read_tokens(iter([head])):
        if token.text == ":" and open_brackets == "{" and before.strip('"') in known:
            return False
        if before == "[" and token.text in "{]" and open_brackets.count("[") == 1:
            return True
        if token.text in "{[":
            open_brackets += token.text
        elif token.text in "]}":
            open_brackets = open_brackets[:-1]
        before = token.text
    return False


def _read_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise json.JSONDecodeError(f"the key {twice} is there twice", "", 0)
    return value


def _refuse_constant(name: str) -> Any:
    raise json.JSONDecodeError(f"{name} is not a JSON number", "", 0)


_STRICT = json.JSONDecoder(object_pairs_hook=_read_pairs, parse_constant=_refuse_constant)
