"""Reads a request's body: decompressed, no larger than the route allows, and without a flood of unknown fields.

A body may hold tens of thousands of unknown fields, and a validation error takes many times the memory of its field.
"""

import zlib
from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from typing import Any

from flask import Response, after_this_request, request
from pydantic import BaseModel
from werkzeug.exceptions import RequestEntityTooLarge

from metrics_api.api.problems import ProblemError
from metrics_api.malloc import give_memory_back

_PLAIN, _GZIP = ("", "identity"), ("gzip", "x-gzip")
_CHUNK_BYTES = 64 * 1024
_LARGE_BYTES = 1024 * 1024
_AS_GZIP = 16 + zlib.MAX_WBITS
_Schema = dict[str, Any]


class _Walk:
    """Walks posted data along its schema; `room` is the number of unknown fields to keep."""

    def __init__(self, definitions: dict[str, _Schema], room: int) -> None:
        self._definitions = definitions
        self._room = room
        self.dropped = 0

    def enter(self, data: Any, schemas: Iterable[_Schema]) -> None:
        """Drop unknown fields from data of one of these schemas; objects that allow any field are left alone."""
        choices = [choice for schema in schemas for choice in self._list_choices(schema)]
        if isinstance(data, dict):
            self._enter_object(data, [choice for choice in choices if choice.get("type") == "object"])
        elif isinstance(data, list):
            items = [choice["items"] for choice in choices if "items" in choice]
            for item in data if items else ():
                if isinstance(item, dict | list):
                    self.enter(item, items)

    def _enter_object(self, data: dict[str, Any], choices: list[_Schema]) -> None:
        if not choices or any(choice.get("additionalProperties", True) for choice in choices):
            return
        known = [choice.get("properties", {}) for choice in choices]
        for name in [name for name in data if not any(name in properties for properties in known)]:
            if self._room > 0:
                self._room -= 1
            else:
                del data[name]
                self.dropped += 1
        for name, value in data.items():
            if isinstance(value, dict | list):
                self.enter(value, [properties[name] for properties in known if name in properties])

    def _list_choices(self, schema: _Schema) -> list[_Schema]:
        if "$ref" in schema:
            return self._list_choices(self._definitions[schema["$ref"].rpartition("/")[2]])
        several = schema.get("anyOf") or schema.get("oneOf")
        return [choice for each in several for choice in self._list_choices(each)] if several else [schema]


def read_bytes() -> bytes:
    """The whole body.

    Raises RequestEntityTooLarge if it is longer than the route allows, before or after decompression, and
    ProblemError 400 or 415 if it cannot be decompressed.
    """
    body = _read_decoded()
    if len(body) > _LARGE_BYTES:
        after_this_request(_give_memory_back)
    return body


def _give_memory_back(response: Response) -> Response:
    give_memory_back()
    return response


def _read_decoded() -> bytes:
    coding = request.headers.get("Content-Encoding", "").strip().lower()
    if coding in _PLAIN:
        return _read_plain()
    if coding in _GZIP:
        return _decompress()
    detail = f"The body's Content-Encoding is {coding}. Only gzip is supported."
    raise ProblemError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_content_coding", detail, headers={"Accept-Encoding": "gzip"}
    )


def _read_plain() -> bytes:
    """Raises RequestEntityTooLarge, whereas werkzeug would truncate a chunked body at the limit."""
    body = request.get_data(cache=False)
    if len(body) == request.max_content_length and request.environ["wsgi.input"].read(1):
        raise RequestEntityTooLarge
    return body


def _decompress() -> bytes:
    """The content of a gzip body, which may have several members; a bomb is detected one byte past the limit."""
    limit = request.max_content_length or 0
    body, member = bytearray(), zlib.decompressobj(_AS_GZIP)
    try:
        while chunk := request.stream.read(_CHUNK_BYTES):
            while chunk:
                if member.eof:
                    member = zlib.decompressobj(_AS_GZIP)
                body += member.decompress(chunk, limit + 1 - len(body))
                if len(body) > limit:
                    raise RequestEntityTooLarge
                chunk = member.unused_data or member.unconsumed_tail
    except zlib.error as error:
        raise _not_gzip("is corrupted") from error
    if not member.eof:
        raise _not_gzip("is incomplete")
    return bytes(body)


def _not_gzip(what: str) -> ProblemError:
    detail = f"The body's Content-Encoding is gzip, but the gzip data {what}."
    return ProblemError(HTTPStatus.BAD_REQUEST, "not_gzip", detail)


@cache
def _build_schema(model: type[BaseModel]) -> _Schema:
    return model.model_json_schema()


def drop_surplus(model: type[BaseModel], data: Any, *, keep: int) -> int:
    """Remove unknown fields from the data for a model until `keep` are left; returns the number removed."""
    schema = _build_schema(model)
    walk = _Walk(schema.get("$defs", {}), keep)
    walk.enter(data, [schema])
    return walk.dropped
