"""A cache that computes once, however many threads ask at the same time."""

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

from cachetools import TTLCache
from prometheus_client import Counter

Value = TypeVar("Value")
_LOOKUPS = Counter("viral_engine_dashboard_cache", "Looks into a cache, by outcome: hit or miss", ["cache", "outcome"])


class SharedCache(Generic[Value]):
    """Computes a value at most once per key and lifetime; who asks meanwhile waits for the same one.

    A failure reaches everybody who waited for it and is then forgotten, so that the next one to ask tries again.
    """

    def __init__(self, name: str, *, seconds: float, size: int) -> None:
        """`name` tells the cache's metrics from those of others."""
        self._hits, self._misses = (_LOOKUPS.labels(name, outcome) for outcome in ("hit", "miss"))
        self._futures: TTLCache[Hashable, Future[Value]] = TTLCache(maxsize=size, ttl=seconds)
        self._lock = Lock()

    def get(self, key: Hashable, compute: Callable[[], Value]) -> Value:
        """The value of `key`, computed now when there is none that is fresh."""
        with self._lock:
            known = self._futures.get(key)
            future = known or self._futures.setdefault(key, Future())
        (self._hits if known else self._misses).inc()
        return future.result() if known else self._fulfil(key, future, compute)

    def forget(self, key: Hashable) -> None:
        """Recompute `key` the next time."""
        with self._lock:
            self._futures.pop(key, None)

    def _fulfil(self, key: Hashable, future: Future[Value], compute: Callable[[], Value]) -> Value:
        try:
            value = compute()
        except BaseException as error:
            self.forget(key)
            future.set_exception(error)
            raise
        future.set_result(value)
        return value
