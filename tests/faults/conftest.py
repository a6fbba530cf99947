"""Tests of real processes to which something happens."""

from tests.support.api_fixtures import connection, empty_database, engine

__all__ = ["connection", "empty_database", "engine"]
