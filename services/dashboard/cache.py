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
    before: Future[Value] | None = None
    """The one that this one replaces, for who asks before this one is there."""
    before_began: float = 0


class SharedCache(Generic[Value]):
    """Computes a value at most once per key and lifetime; who asks meanwhile waits for the same one.

    Where it `keeps_previous`, who asks meanwhile is given the one before, if that is not older than twice the lifetime.
    A failure reaches everybody who waited for it and is then forgotten, so that the next one to ask tries again.
    """

    def __init__(self, name: str, *, seconds: float, size: int, keeps_previous: bool = False) -> None:
        """`name` tells the cache's metrics from those of others."""
        self._hits, self._misses = (_LOOKUPS.labels(name, outcome) for outcome in ("hit", "miss"))
        self._seconds = seconds
        lifetime = 2 * seconds if keeps_previous else seconds
        self._entries: TTLCache[Hashable, _Entry[Value]] = TTLCache(maxsize=size, ttl=lifetime)
        self._lock = Lock()

    def get(self, key: Hashable, compute: Callable[[], Value], *, since: float = 0) -> Value:
        """The value of `key`, computed now when there is none that is fresh, or none begun after the time `since`."""
        with self._lock:
            known = self._entries.get(key)
            is_fresh = known is not None and known.began > max(since, time.time() - self._seconds)
            entry = known if known is not None and is_fresh else self._begin(key, known)
        (self._hits if is_fresh else self._misses).inc()
        if not is_fresh:
            return self._fulfil(key, entry, compute)
        if entry.before and entry.before_began > since and not entry.future.done():
            return entry.before.result()
        return entry.future.result()

    def _begin(self, key: Hashable, known: _Entry[Value] | None) -> _Entry[Value]:
        """A new entry, which remembers the one before if that has come to an end."""
        entry = _Entry[Value](Future(), time.time())
        if known and known.future.done():
            entry = entry._replace(before=known.future, before_began=known.began)
        self._entries[key] = entry
        return entry

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
