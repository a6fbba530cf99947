"""A small TCP proxy that treats its backends as Kubernetes does: by their readiness, and a little late."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count

import httpx

from viral_engine.standalone.ports import find_free_port

_PROBE_SECONDS = 0.2
_ANSWER_SECONDS = 2
# How long after a failed probe a backend still gets new connections, as rules reach each node at their own pace.
_LAG_SECONDS = 0.5
_CHUNK_BYTES = 65536


class TcpProxy:
    """Passes new connections to the ready backends in turn; those that are open stay where they are."""

    def __init__(self) -> None:
        self.port = find_free_port()
        self.connections: Counter[int] = Counter()
        self._ready: tuple[int, ...] = ()
        self._turn = count()
        self._loop = asyncio.new_event_loop()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"http://127.0.0.1:{self.port}"

    def add(self, port: int) -> None:
        """Watch one more backend; it gets connections once it is ready."""
        asyncio.run_coroutine_threadsafe(self._watch_later(port), self._loop).result()

    def is_ready(self, port: int) -> bool:
        """Whether the backend gets new connections."""
        return port in self._ready

    def serve(self, started: threading.Event) -> None:
        """Pass connections until stopped."""
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._pass, "127.0.0.1", self.port))
        started.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))

    def stop(self) -> None:
        """End `serve`."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _watch_later(self, port: int) -> None:
        self._tasks.append(asyncio.create_task(self._watch(port)))

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
        with suppress(OSError):
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


@contextmanager
def tcp_proxy() -> Iterator[TcpProxy]:
    """A proxy in a thread of its own, at first without backends."""
    proxy, started = TcpProxy(), threading.Event()
    thread = threading.Thread(target=proxy.serve, args=(started,))
    thread.start()
    started.wait()
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join()
