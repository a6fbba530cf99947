"""Tests of real processes to which something happens."""

from tests.api_fixtures import empty_database, engine

__all__ = ["empty_database", "engine"]
