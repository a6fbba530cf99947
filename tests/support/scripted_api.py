"""The metrics API as a script: what it answers to each call, one after the other, over real HTTP."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NOT_HELD = (409, {"code": "not_held", "detail": "gone"})
DOWN = (503, {"code": "store_down", "detail": "down"})
Answer = tuple[int, Any]


class ScriptedApi:
    """Answers each call, named by the end of its path, with what it was given; the last answer stays."""

    def __init__(self, answers: Mapping[str, list[Answer]]) -> None:
        self.calls: list[str] = []
        self.bodies: dict[str, Any] = {}
        self.answers = dict(answers)
        self.url = ""

    def answer(self, path: str, body: Any) -> Answer:
        """The next answer to a call of this path."""
        name = path.rsplit("/", 1)[1]
        self.calls.append(name)
        self.bodies[name] = body
        left = self.answers[name]
        return left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def scripted_api(answers: Mapping[str, list[Answer]]) -> Iterator[ScriptedApi]:
    """A server on a free port for as long as the block runs."""
    api = ScriptedApi(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = api.answer(self.path, json.loads(body) if body else None)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's.
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
