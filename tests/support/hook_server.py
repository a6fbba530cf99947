"""A webhook of the tests: an HTTP server that keeps what it gets, and can misbehave."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Behaviour = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class HookCall:
    """One call that came in."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HookServer:
    """Where to call, and what was called."""

    port: int
    calls: list[HookCall] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address of the webhook."""
        return f"http://127.0.0.1:{self.port}/hook"


def answer(status: int, body: bytes = b"ok", **headers: str) -> Behaviour:
    """Always the same answer."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return behave


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


@contextmanager
def hook_server(behave: Behaviour) -> Iterator[HookServer]:
    """A server on a free port for as long as the block runs."""
    server = _Server(("127.0.0.1", 0), BaseHTTPRequestHandler)
    hook = HookServer(server.server_port)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.calls.append(HookCall(self.path, dict(self.headers), body))
            behave(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's.
            pass

    server.RequestHandlerClass = Handler
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
