"""Answers that are compressed on their way out, except those with a secret in them."""

import gzip
from collections.abc import Callable

from flask import Flask, Response, request

_COMPRESSIBLE = frozenset({"text/html", "application/json", "application/problem+json"})
_LEAST_BYTES = 1024
"""What is shorter fits into one packet anyway."""
_LEVEL = 3
"""Of 9: half the time of the usual 6 for a tenth more bytes."""


def compress_answers(app: Flask, find_secret: Callable[[], str | None] = lambda: None) -> None:
    """Compress documents and JSON for clients that take gzip.

    The length of a compressed answer tells whether two parts of it are alike. Who chooses a text in it, sees its length
    and causes it many times could find out a secret that stands in it (BREACH), so one with the secret stays as it is.
    """

    @app.after_request
    def compress(response: Response) -> Response:
        if response.mimetype not in _COMPRESSIBLE or response.is_streamed or "Content-Encoding" in response.headers:
            return response
        response.vary.add("Accept-Encoding")
        body = response.get_data()
        secret = find_secret()
        if len(body) < _LEAST_BYTES or not request.accept_encodings["gzip"] or (secret and secret.encode() in body):
            return response
        response.set_data(gzip.compress(body, _LEVEL))
        response.headers["Content-Encoding"] = "gzip"
        return response
