"""Tests of what operators watch, partly against the running product."""

from tests.support.api_fixtures import empty_database, engine

__all__ = ["empty_database", "engine"]
