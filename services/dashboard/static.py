"""What is the same for everybody: encoded and compressed once, and kept by browsers."""

import gzip
import zlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import Any

from flask import Flask, Response, request

FIRST_SCRIPT = "first.js"
_KEPT = "public, max-age=31536000, immutable"
_COMPRESSIBLE = ("text/javascript", "application/javascript", "text/css", "image/svg+xml")


def compress_static(server: Flask) -> None:
    """Compress scripts and styles the first time somebody asks for them.

    The renderer and the component suites do not change while the process lives, so that a megabyte is compressed
    once and not per visitor, and is in memory once, however many take it slowly. Answers with secrets in them are
    left alone.
    """
    kept: dict[tuple[str, bool], bytes] = {}
    lock = Lock()

    @server.after_request
    def compress(response: Response) -> Response:
        if not request.path.startswith(("/assets/", "/_dash-component-suites/")) or response.status_code != 200:
            return response
        response.headers["Cache-Control"] = _KEPT if _is_versioned(response) else "no-cache"
        if response.mimetype not in _COMPRESSIBLE:
            return response
        response.direct_passthrough = False
        is_gzip = bool(request.accept_encodings["gzip"])
        with lock:
            if (request.path, is_gzip) not in kept:
                plain = response.get_data()
                kept[request.path, is_gzip] = gzip.compress(plain) if is_gzip else plain
            response.set_data(kept[request.path, is_gzip])
        if is_gzip:
            response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
        return response


def find_version(assets: Path) -> str:
    """What changes with any of the files."""
    whole = zlib.crc32(b"".join(path.read_bytes() for path in sorted(assets.iterdir())))
    return f"{whole:x}"


def serve_bundles(server: Flask, assets: Path) -> None:
    """Serve all styles as one file and all scripts as another, in the order of their names: one request instead of 33.

    The script that runs before anything is drawn stays apart.
    """
    for kind, mimetype in (("css", "text/css"), ("js", "text/javascript")):
        parts = [path.read_text() for path in sorted(assets.glob(f"*.{kind}")) if path.name != FIRST_SCRIPT]
        server.add_url_rule(
            f"/assets/all.{kind}", f"all_{kind}", partial(Response, "\n".join(parts), mimetype=mimetype)
        )


def keep_definitions(server: Flask) -> None:
    """Encode the shell's layout and the callbacks once; a browser that has them is only sent that they are the same."""
    for endpoint in ("/_dash-layout", "/_dash-dependencies"):
        server.view_functions[endpoint] = _keep(server.view_functions[endpoint])


def _keep(view: Callable[[], Any]) -> Callable[[], Any]:
    @cache
    def encode() -> bytes:
        body: bytes = view().get_data()
        return body

    def serve() -> Any:
        response = Response(encode(), mimetype="application/json")
        response.headers["Cache-Control"] = "private, no-cache"
        # Weak, because the same may be sent compressed.
        response.set_etag(f"{zlib.crc32(encode()):x}", weak=True)
        return response.make_conditional(request)

    return serve


def _is_versioned(response: Response) -> bool:
    """Whether another version of the file has another address; Dash marks its own such files."""
    return bool(response.cache_control.max_age) or "m" in request.args or request.path.endswith(".woff2")
