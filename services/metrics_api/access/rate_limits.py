"""Counts requests and failed sign-ins in Redis. While Redis is away nothing is limited, and that is counted."""

import math
import time
from collections.abc import Callable

import structlog
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from prometheus_client import Counter
from redis import ConnectionPool, RedisError

from viral_engine.access_settings import LimitSettings

# A Redis that hangs must not slow every request down: it is asked briefly, and then left alone for a while.
_TIMEOUT_SECONDS = 0.25
_LEFT_ALONE_SECONDS = 5
_UNAVAILABLE = Counter("viral_engine_rate_limit_unavailable", "Checks of rate limits that were left out without Redis")
_log = structlog.get_logger()


class RateLimits:
    """Answers how many seconds somebody has to wait, None for not at all."""

    def __init__(self, redis_url: str, settings: LimitSettings) -> None:
        timeouts = {"socket_timeout": _TIMEOUT_SECONDS, "socket_connect_timeout": _TIMEOUT_SECONDS}
        pool = ConnectionPool.from_url(redis_url, **timeouts)
        self._limiter = FixedWindowRateLimiter(RedisStorage("redis://", connection_pool=pool))
        requests = settings.rate_limit_requests_per_minute
        self._requests = RateLimitItemPerMinute(requests, namespace="requests") if requests else None
        self._failures = RateLimitItemPerMinute(settings.login_failures_per_minute, namespace="login_failures")
        self._asks_again_at = 0.0

    def count_request(self, caller: str) -> int | None:
        """Count a request of an address, a token or a person."""
        limit = self._requests
        return self._unless_away(lambda: self._wait(limit, caller, self._limiter.hit(limit, caller))) if limit else None

    def check_login(self, address: str) -> int | None:
        """Whether too many sign-ins from this address failed."""
        return self._unless_away(
            lambda: self._wait(self._failures, address, self._limiter.test(self._failures, address))
        )

    def count_failed_login(self, address: str) -> None:
        """Count a sign-in that failed."""
        self._unless_away(lambda: self._count(address))

    def _count(self, address: str) -> None:
        self._limiter.hit(self._failures, address)

    def _wait(self, limit: RateLimitItemPerMinute, caller: str, allowed: bool) -> int | None:
        if allowed:
            return None
        reset_at = self._limiter.get_window_stats(limit, caller).reset_time
        return max(1, math.ceil(reset_at - time.time()))

    def _unless_away(self, ask: Callable[[], int | None]) -> int | None:
        if time.monotonic() >= self._asks_again_at:
            try:
                return ask()
            except RedisError as error:
                self._asks_again_at = time.monotonic() + _LEFT_ALONE_SECONDS
                _log.warning("rate_limit_unavailable", error=type(error).__name__)
        _UNAVAILABLE.inc()
        return None
