"""A cache that computes once, however many threads ask at the same time."""

import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from cachetools import TTLCache
from prometheus_client import Counter

Value = TypeVar("Value")
_LOOKUPS = Counter("viral_engine_dashboard_cache", "Looks into a cache, by outcome: hit or miss", ["cache", "outcome"])


class _Entry(NamedTuple, Generic[Value]):
    future: Future[Value]
    began: float


class SharedCache(Generic[Value]):
    """Computes a value at most once per key and lifetime; who asks meanwhile waits for the same one.

    A failure reaches everybody who waited for it and is then forgotten, so that the next one to ask tries again.
    """

    def __init__(self, name: str, *, seconds: float, size: int) -> None:
        """`name` tells the cache's metrics from those of others."""
        self._hits, self._misses = (_LOOKUPS.labels(name, outcome) for outcome in ("hit", "miss"))
        self._entries: TTLCache[Hashable, _Entry[Value]] = TTLCache(maxsize=size, ttl=seconds)
        self._lock = Lock()

    def get(self, key: Hashable, compute: Callable[[], Value], *, since: float = 0) -> Value:
        """The value of `key`, computed now when there is none that is fresh, or none begun after the time `since`."""
        with self._lock:
            known = self._entries.get(key)
            if known and known.began <= since:
                known = None
            entry = known or _Entry(Future(), time.time())
            if known is None:
                self._entries[key] = entry
        (self._hits if known else self._misses).inc()
        return entry.future.result() if known else self._fulfil(key, entry, compute)

    def forget(self, key: Hashable) -> None:
        """Recompute `key` the next time."""
        with self._lock:
            self._entries.pop(key, None)

    def _fulfil(self, key: Hashable, entry: _Entry[Value], compute: Callable[[], Value]) -> Value:
        try:
            value = compute()
        except BaseException as error:
            self.forget(key)
            entry.future.set_exception(error)
            raise
        entry.future.set_result(value)
        return value
