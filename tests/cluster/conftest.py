"""A real metrics API for what the story runs inside a pod."""

from tests.support.api_fixtures import empty_database, engine
from tests.support.api_server import server_url

__all__ = ["empty_database", "engine", "server_url"]
