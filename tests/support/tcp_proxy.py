"""A small TCP proxy that treats its backends as Kubernetes does: by their readiness, and a little late."""

import asyncio
import threading
from collections import Counter
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from itertools import count
from queue import Queue
from typing import Any, TypeVar

import httpx

from viral_cli.local.ports import find_free_port

_PROBE_SECONDS = 0.2
_ANSWER_SECONDS = 2
# How long after a failed probe a backend still gets new connections, as rules reach each node at their own pace.
_LAG_SECONDS = 0.5
_CHUNK_BYTES = 65536
Answer = TypeVar("Answer")


class TcpProxy:
    """Passes new connections to the ready backends in turn; those that are open stay where they are."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.port = find_free_port()
        self.connections: Counter[int] = Counter()
        self._ready: tuple[int, ...] = ()
        self._turn = count()
        self._loop = loop
        self._watches: list[Future[None]] = []
        run_in(loop, asyncio.start_server(self._pass, "127.0.0.1", self.port))

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"http://127.0.0.1:{self.port}"

    def add(self, port: int) -> None:
        """Watch one more backend; it gets connections once it is ready."""
        self._watches.append(asyncio.run_coroutine_threadsafe(self._watch(port), self._loop))

    def is_ready(self, port: int) -> bool:
        """Whether the backend gets new connections."""
        return port in self._ready

    async def _watch(self, port: int) -> None:
        async with httpx.AsyncClient(timeout=_ANSWER_SECONDS, trust_env=False) as client:
            while True:
                is_ready = await _answers(client, f"http://127.0.0.1:{port}/readyz")
                if is_ready and port not in self._ready:
                    self._ready += (port,)
                elif not is_ready and port in self._ready:
                    await asyncio.sleep(_LAG_SECONDS)
                    self._ready = tuple(other for other in self._ready if other != port)
                await asyncio.sleep(_PROBE_SECONDS)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = self._ready[next(self._turn) % len(self._ready)]
        self.connections[port] += 1
        await join(port, reader, writer)


async def join(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass everything between a client and a backend until either is done."""
    # Python reports a handler that is cancelled as if it had failed.
    with suppress(OSError, asyncio.CancelledError):
        backend_reader, backend_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_copy(reader, backend_writer), _copy(backend_reader, writer))
    writer.close()


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).is_success
    except httpx.TransportError:
        return False


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


def run_in(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Answer]) -> Answer:
    """Run a coroutine in another thread's loop; its answer."""
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result()


@contextmanager
def loop_in_thread() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that runs beside the block; what it still does at the end is cancelled."""
    loops: Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Queue()

    async def run_until_stopped() -> None:
        stop = asyncio.Event()
        loops.put((asyncio.get_running_loop(), stop))
        await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(run_until_stopped(),))
    thread.start()
    loop, stop = loops.get()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


@contextmanager
def tcp_proxy() -> Iterator[TcpProxy]:
    """A proxy in a thread of its own, at first without backends."""
    with loop_in_thread() as loop:
        yield TcpProxy(loop)
