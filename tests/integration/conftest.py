"""Tests of the metrics API with real servers."""

from tests.api_fixtures import api, app, connection, database, empty_database, engine, holder_of

__all__ = ["api", "app", "connection", "database", "empty_database", "engine", "holder_of"]
