"""A language model of the tests: an HTTP server that speaks the chat completions protocol, and can misbehave."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = dict[str, Any]
Behaviour = Callable[[BaseHTTPRequestHandler, Answer], None]


@dataclass
class ModelServer:
    """What was asked, and where to ask."""

    url: str
    requests: list[Answer] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


def reword(brief: Answer) -> Answer:
    """What a well-behaved model answers: every finding in its own words, every number as it was."""
    return {
        "insights": [{"rule": item["rule"], "text": "In short: " + item["text"]} for item in brief["findings"]],
        "recommendations": ["Please: " + text for text in brief["recommendations"]],
    }


def answer_with(change: Callable[[Answer], Any]) -> Behaviour:
    """Answer what `change` makes of the well-behaved answer: an object, or a text as it is."""

    def behave(handler: BaseHTTPRequestHandler, brief: Answer) -> None:
        content = change(reword(brief))
        text = content if isinstance(content, str) else json.dumps(content)
        send_body(handler, json.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}).encode())

    return behave


def send_body(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200) -> None:
    """Send one whole answer."""
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up, or is killed, is no news."""


@contextmanager
def model_server(behave: Behaviour) -> Iterator[ModelServer]:
    """A server on a free port for as long as the block runs."""
    server = _Server(("127.0.0.1", 0), BaseHTTPRequestHandler)
    seen = ModelServer(f"http://127.0.0.1:{server.server_port}/v1")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.requests.append(body)
            seen.headers.append(dict(self.headers))
            seen.paths.append(self.path)
            behave(self, json.loads(body["messages"][-1]["content"]))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's.
            pass

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()
