"""Answers that are compressed on their way out."""

import gzip
from http import HTTPStatus

import pytest
from flask import Flask, Response

from viral_runtime.web.compression import compress_answers

GZIP = {"Accept-Encoding": "gzip"}
LONG = "x" * 5000


@pytest.fixture
def app() -> Flask:
    app = Flask("test")
    compress_answers(app, lambda: "the-secret")
    for path, body, kind in (
        ("/long", LONG, "application/json"),
        ("/short", "x", "application/json"),
        ("/secret", LONG + "the-secret", "text/html"),
        ("/picture", LONG, "image/png"),
    ):
        app.add_url_rule(path, path, lambda body=body, kind=kind: Response(body, mimetype=kind))
    app.add_url_rule("/stream", "/stream", lambda: Response(iter([LONG, LONG]), mimetype="application/json"))
    return app


def test_what_is_long_is_compressed(app: Flask) -> None:
    answer = app.test_client().get("/long", headers=GZIP)
    assert (answer.status_code, answer.headers["Vary"]) == (HTTPStatus.OK, "Accept-Encoding")
    assert gzip.decompress(answer.data).decode() == LONG
    assert answer.content_length == len(answer.data) < 100


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/long", {}),
        ("/short", GZIP),
        ("/secret", GZIP),
        ("/picture", GZIP),
        ("/stream", GZIP),
        ("/long", {"Accept-Encoding": "gzip;q=0"}),
    ],
)
def test_what_is_short_secret_packed_streamed_or_not_wanted_is_not(
    app: Flask, path: str, headers: dict[str, str]
) -> None:
    answer = app.test_client().get(path, headers=headers)
    assert "Content-Encoding" not in answer.headers
    assert answer.status_code == HTTPStatus.OK
