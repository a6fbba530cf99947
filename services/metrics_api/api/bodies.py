"""Reads a request's body whole, as it was before its content coding, and never more of it than the route allows."""

import zlib
from http import HTTPStatus

from flask import Response, after_this_request, request
from werkzeug.exceptions import RequestEntityTooLarge

from metrics_api.api.problems import ProblemError
from metrics_api.malloc import give_memory_back

_PLAIN, _GZIP = ("", "identity"), ("gzip", "x-gzip")
_CHUNK_BYTES = 64 * 1024
_LARGE_BYTES = 1024 * 1024
_AS_GZIP = 16 + zlib.MAX_WBITS


def read_bytes() -> bytes:
    """The whole body.

    Raises RequestEntityTooLarge when it is longer than the route allows, before or after decompression, and
    ProblemError 400 or 415 when it cannot be decompressed.
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
    """Raises RequestEntityTooLarge, where werkzeug would cut a body sent in chunks off at the limit."""
    body = request.get_data(cache=False)
    if len(body) == request.max_content_length and request.environ["wsgi.input"].read(1):
        raise RequestEntityTooLarge
    return body


def _decompress() -> bytes:
    """The content of a gzip body, which may have several members; a bomb is noticed one byte past the limit."""
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
