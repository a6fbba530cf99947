"""Tests of the metrics API with real servers."""

import pytest
from redis import Redis

from tests.support.api_fixtures import api, app, connection, context, database, empty_database, engine, holder_of
from tests.support.api_server import http, server_url

__all__ = [
    "api",
    "app",
    "connection",
    "context",
    "database",
    "empty_database",
    "engine",
    "holder_of",
    "http",
    "server_url",
]


@pytest.fixture
def redis(redis_url: str) -> Redis:
    """Empty queues."""
    redis = Redis.from_url(redis_url)
    redis.flushall()
    return redis
