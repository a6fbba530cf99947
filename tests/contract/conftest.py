"""Tests of the metrics API with real servers."""

from tests.support.api_fixtures import api, app, connection, database, empty_database, engine, holder_of
from tests.support.api_server import http, server_url

__all__ = ["api", "app", "connection", "database", "empty_database", "engine", "holder_of", "http", "server_url"]
