"""What every request must be, and what every answer carries."""

from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from flask import Flask, Response, request

from metrics_api.api.problems import ProblemError

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
# Answers are data; a browser that is led to one shows and runs nothing.
_POLICY = "default-src 'none'; frame-ancestors 'none'"


def harden(app: Flask) -> None:
    """Refuse addresses that are no UTF-8, and send the protecting headers with every answer."""

    @app.before_request
    def check_encoding() -> None:
        path = request.environ["PATH_INFO"].encode("latin-1")
        try:
            path.decode()
            unquote_to_bytes(request.query_string).decode()
        except UnicodeDecodeError as error:
            detail = "The address holds bytes that are not UTF-8."
            raise ProblemError(HTTPStatus.BAD_REQUEST, "not_utf8", detail) from error

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(_HEADERS)
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
