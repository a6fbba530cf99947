"""Counts requests and sign-ins in Redis, and also in this process, whose counts decide while Redis is unavailable."""

import math
import time
from collections import Counter as Counts
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

import structlog
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from prometheus_client import Counter
from redis import ConnectionPool, Redis, RedisError

from metrics_api.access.secrets import hash_secret
from metrics_api.settings.access import LimitSettings

# A Redis that hangs must not slow down every request: short timeouts, then a pause.
_TIMEOUT_SECONDS = 0.25
_LEFT_ALONE_SECONDS = 5
_WINDOW_SECONDS = 60
_KNOWN_SECONDS = 30 * 24 * 60 * 60
_UNAVAILABLE = Counter(
    "viral_engine_rate_limit_unavailable", "Checks of rate limits that one process decided alone, without Redis"
)
_log = structlog.get_logger()
Answer = TypeVar("Answer")


class RateLimits:
    """Returns how many seconds a caller has to wait, or None."""

    def __init__(self, redis_url: str, settings: LimitSettings) -> None:
        timeouts = {"socket_timeout": _TIMEOUT_SECONDS, "socket_connect_timeout": _TIMEOUT_SECONDS}
        pool = ConnectionPool.from_url(redis_url, **timeouts)
        self._redis = RedisStorage("redis://", connection_pool=pool)
        self._known = Redis(connection_pool=pool)
        self._limiter = FixedWindowRateLimiter(self._redis)
        self._own = OwnCounts()
        requests = settings.rate_limit_requests_per_minute
        self._requests = RateLimitItemPerMinute(requests, namespace="requests") if requests else None
        self._failures = RateLimitItemPerMinute(settings.login_failures_per_minute, namespace="login_failures")
        self._asks_again_at = 0.0

    def count_request(self, caller: str) -> int | None:
        """Count a request by an address, a token or a person."""
        return self._count(self._requests, caller) if self._requests else None

    def reserve_login(self, network: str) -> int | None:
        """Count a sign-in from this network as failed before its check; simultaneous ones cannot exceed the limit."""
        return self._count(self._failures, network)

    def knows_login(self, account: str, network: str) -> bool:
        """Whether the account signed in from this network within 30 days; then others there cannot lock it out."""
        return bool(self._ask_redis(lambda: self._known.exists(_name_login(account, network))))

    def remember_login(self, account: str, network: str) -> None:
        """Record that the account signed in from this network."""
        self._ask_redis(lambda: self._known.set(_name_login(account, network), 1, ex=_KNOWN_SECONDS))

    def release_login(self, network: str) -> None:
        """Undo the count of a sign-in that did not fail."""
        key = self._failures.key_for(network)
        self._own.add(key, -1)
        self._ask_redis(lambda: self._redis.incr(key, _WINDOW_SECONDS, amount=-1))

    def _count(self, limit: RateLimitItemPerMinute, caller: str) -> int | None:
        # Counted here even while Redis responds, so that an outage does not reset anyone's count.
        own_count = self._own.add(limit.key_for(caller), 1)
        allowed = self._ask_redis(lambda: self._limiter.hit(limit, caller))
        if allowed is None:
            return self._own.seconds_left() if own_count > limit.amount else None
        return None if allowed else self._ask_redis(lambda: self._wait(limit, caller)) or self._own.seconds_left()

    def _wait(self, limit: RateLimitItemPerMinute, caller: str) -> int:
        reset_at = self._limiter.get_window_stats(limit, caller).reset_time
        return max(1, math.ceil(reset_at - time.time()))

    def _ask_redis(self, ask: Callable[[], Answer]) -> Answer | None:
        """The count in Redis, or None while it is unavailable or paused."""
        if time.monotonic() >= self._asks_again_at:
            try:
                return ask()
            except RedisError as error:
                self._asks_again_at = time.monotonic() + _LEFT_ALONE_SECONDS
                _log.warning("rate_limit_unavailable", error=type(error).__name__)
        _UNAVAILABLE.inc()
        return None


def _name_login(account: str, network: str) -> str:
    return f"known_login:{hash_secret(f'{account.lower()} {network}')}"


class OwnCounts:
    """The counts of this process for the current minute only, so that they stay small."""

    def __init__(self) -> None:
        self._counts: Counts[str] = Counts()
        self._ends_at = -math.inf
        self._lock = Lock()

    def add(self, key: str, amount: int) -> int:
        """Add the amount to the count of `key`, which never falls below zero."""
        with self._lock:
            if time.monotonic() >= self._ends_at:
                self._counts.clear()
                self._ends_at = time.monotonic() + _WINDOW_SECONDS
            self._counts[key] = max(0, self._counts[key] + amount)
            return self._counts[key]

    def seconds_left(self) -> int:
        """Until the minute ends."""
        return max(1, math.ceil(self._ends_at - time.monotonic()))
