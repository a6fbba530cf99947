"""The dashboard below a path of its host. Its pages know nothing of it: the path is taken off and put on at the edge.

The proxy may take it off, too; whatever arrives without it is the same page.
"""

from typing import TYPE_CHECKING, Any

from flask import Flask, Response, json, request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_CALLBACKS = "/_dash-update-component"
_DOCUMENTS = (_CALLBACKS, "/_dash-layout")
_ADDRESSES = ("href", "action", "src", "pathname")


def serve_below(server: Flask, prefix: str) -> None:
    """Serve everything below this path, which begins with a slash and ends without one; an empty one is the root."""
    if not prefix:
        return
    server.wsgi_app = _take_off(server.wsgi_app, prefix)  # type: ignore[assignment]

    @server.before_request
    def take_off_inputs() -> None:
        if request.path == _CALLBACKS and request.is_json:
            _take_off_paths(prefix, request.get_json(silent=True))

    @server.after_request
    def put_on(response: Response) -> Response:
        target = response.headers.get("Location")
        if target:
            response.headers["Location"] = _with(prefix, target)
        if request.path in _DOCUMENTS and response.is_json and response.status_code != 304:
            response.set_data(json.dumps(_put_on_addresses(prefix, response.get_json())))
        return response


def _take_off(app: "WSGIApplication", prefix: str) -> "WSGIApplication":
    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        environ["SCRIPT_NAME"] = prefix
        environ["PATH_INFO"] = _without(prefix, environ["PATH_INFO"])
        return app(environ, start_response)

    return answer


def _without(prefix: str, path: str) -> str:
    return path.removeprefix(prefix) or "/" if _is_below(prefix, path) else path


def _with(prefix: str, target: str) -> str:
    is_path = target.startswith("/") and not target.startswith("//")
    return prefix + target if is_path and not _is_below(prefix, target.partition("?")[0]) else target


def _is_below(prefix: str, path: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")


def _take_off_paths(prefix: str, callback: Any) -> None:
    """Have the callback read paths as if the dashboard were the whole host; Flask keeps the parsed body."""
    for item in _list_inputs(callback):
        if item.get("property") == "pathname" and isinstance(item.get("value"), str):
            item["value"] = _without(prefix, item["value"])


def _list_inputs(given: Any) -> list[dict[str, Any]]:
    """Inputs and states of a callback; those of patterns are lists of their own."""
    if not isinstance(given, dict):
        return []
    items = [item for part in ("inputs", "state") for item in given.get(part) or []]
    flat = [each for item in items for each in (item if isinstance(item, list) else [item])]
    return [item for item in flat if isinstance(item, dict)]


def _put_on_addresses(prefix: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_put_on_addresses(prefix, item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _with(prefix, item) if name in _ADDRESSES and isinstance(item, str) else _put_on_addresses(prefix, item)
        for name, item in value.items()
    }
