"""The cache that computes once for everybody."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Event

import pytest

from dashboard.cache import SharedCache

ASKING = 8


def test_threads_that_ask_together_share_one_computation() -> None:
    cache: SharedCache[str] = SharedCache("test", seconds=60, size=10)
    runs: list[str] = []
    two_at_once = Barrier(2)

    def compute() -> str:
        runs.append("run")
        with suppress(BrokenBarrierError):
            two_at_once.wait(timeout=0.2)
            runs.append("another one at the same time")
        return "value"

    with ThreadPoolExecutor(ASKING) as threads:
        answers = list(threads.map(lambda _: cache.get("key", compute), range(ASKING)))

    assert answers == ["value"] * ASKING
    assert runs == ["run"]


def test_a_failure_is_not_kept() -> None:
    cache: SharedCache[int] = SharedCache("test", seconds=60, size=10)
    with pytest.raises(ValueError, match="first"):
        cache.get("key", lambda: int("first"))
    assert cache.get("key", lambda: 2) == 2


def test_keys_do_not_mix() -> None:
    cache: SharedCache[int] = SharedCache("test", seconds=60, size=10)
    assert [cache.get("a", lambda: 1), cache.get("b", lambda: 2), cache.get("a", lambda: 3)] == [1, 2, 1]


def test_what_is_forgotten_or_too_old_is_computed_anew() -> None:
    lasting: SharedCache[int] = SharedCache("test", seconds=60, size=10)
    lasting.get("key", lambda: 1)
    lasting.forget("key")
    lasting.forget("key")
    assert lasting.get("key", lambda: 2) == 2

    fleeting: SharedCache[int] = SharedCache("test", seconds=0, size=10)
    fleeting.get("key", lambda: 1)
    assert fleeting.get("key", lambda: 2) == 2


def test_who_asks_while_it_is_computed_again_is_given_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    cache: SharedCache[str] = SharedCache("test", seconds=60, size=10, keeps_previous=True)
    cache.get("key", lambda: "first")
    begun, may_end = Event(), Event()

    def compute() -> str:
        begun.set()
        may_end.wait(timeout=10)
        return "second"

    later = time.time() + 61
    monkeypatch.setattr("dashboard.cache.time.time", lambda: later)
    with ThreadPoolExecutor(1) as threads:
        again = threads.submit(cache.get, "key", compute)
        begun.wait(timeout=10)
        assert cache.get("key", lambda: "third") == "first"
        may_end.set()
        assert again.result() == "second"


def test_who_changed_something_is_not_given_the_one_before() -> None:
    cache: SharedCache[str] = SharedCache("test", seconds=60, size=10, keeps_previous=True)
    cache.get("key", lambda: "first")
    assert cache.get("key", lambda: "second", since=time.time()) == "second"
    assert cache.get("key", lambda: "third") == "second"


def test_what_is_older_than_twice_its_lifetime_is_given_to_nobody() -> None:
    cache: SharedCache[str] = SharedCache("test", seconds=0, size=10, keeps_previous=True)
    cache.get("key", lambda: "first")
    assert [cache.get("key", lambda: "second"), cache.get("key", lambda: "third")] == ["second", "third"]
