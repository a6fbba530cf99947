"""The metrics API within the test's process, on real servers and an empty database."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, insert, text
from werkzeug.test import TestResponse

from metrics_api.access.secrets import create_secret, hash_secret
from metrics_api.app import create_app
from metrics_api.context import Context, Settings, connect
from metrics_api.db.database import Database, create_database_engine
from metrics_api.db.tables import metadata, tokens
from metrics_api.settings.access import AccessSettings
from metrics_api.settings.api import ApiSettings
from viral_contract.models.people import Scope

IDENTIFIER_KEY = "a key for the references of tests"
__all__ = ["api", "app", "connection", "context", "database", "empty_database", "engine", "holder_of"]


class Api:
    """Calls the application with one token, or without any."""

    def __init__(self, app: Flask, token: str | None) -> None:
        self._client = app.test_client()
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def send(self, method: str, path: str, **request: Any) -> TestResponse:
        """One request with the holder's token."""
        headers = {**self._headers, **request.pop("headers", {})}
        return self._client.open(path, method=method, headers=headers, **request)

    def get(self, path: str, **query: object) -> TestResponse:
        """Read with these query parameters."""
        return self.send("GET", path, query_string=query)

    def read(self, path: str, **query: object) -> dict[str, Any]:
        """The answer of a read that must succeed."""
        return self._expect(200, self.get(path, **query))

    def post_events(self, *events: dict[str, Any], partial: bool = False) -> dict[str, Any]:
        """The answer to a batch of events that must be accepted."""
        path = "/v1/events?partial=true" if partial else "/v1/events"
        return self._expect(202, self.send("POST", path, json={"events": list(events)}))

    def refuse_events(self, *events: dict[str, Any]) -> list[dict[str, str]]:
        """The errors of a batch of events that must be refused."""
        problem = self.refuse(422, "POST", "/v1/events", json={"events": list(events)})
        return cast("list[dict[str, str]]", problem["errors"])

    def refuse(self, status: int, method: str, path: str, **request: Any) -> dict[str, Any]:
        """The problem that a request must be answered with."""
        response = self.send(method, path, **request)
        assert response.content_type == "application/problem+json"
        return self._expect(status, response)

    def _expect(self, status: int, response: TestResponse) -> dict[str, Any]:
        assert response.status_code == status, response.get_data(as_text=True)
        return cast("dict[str, Any]", response.get_json(force=True))


@pytest.fixture(scope="session")
def engine(database_url: str) -> Iterator[Engine]:
    """Connections of the tests' own."""
    engine = create_database_engine(database_url, pool_size=12)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def database(engine: Engine) -> Database:
    """Transactions as the application makes them."""
    return Database(engine)


def forget_everything(engine: Engine) -> None:
    """Empty every table but that of tokens."""
    tables = ", ".join(table.name for table in metadata.sorted_tables if table is not tokens)
    with engine.begin() as connection:
        # The audit log is append only, by a trigger.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))


@pytest.fixture
def empty_database(engine: Engine) -> Engine:
    """Connections to a database that holds nothing but tokens."""
    forget_everything(engine)
    return engine


@pytest.fixture
def connection(empty_database: Engine) -> Iterator[Connection]:
    """A connection that sees what is committed, and commits at once."""
    with empty_database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


@pytest.fixture(scope="session")
def app(runtime_url: str, redis_url: str) -> Flask:
    """The application with the default settings, as a user of the database who does not own its schema."""
    return build_app(database_url=runtime_url, redis_url=redis_url)


def build_app(access: AccessSettings | None = None, **given: object) -> Flask:
    """An application with these settings of the API and of who gets in, and the defaults of every other group."""
    return create_app(build_context(access, **given))


def build_context(access: AccessSettings | None = None, **given: object) -> Context:
    """What such an application works with."""
    settings = ApiSettings.model_validate({"identifier_key": IDENTIFIER_KEY, **given})
    return connect(Settings(settings, access=access or AccessSettings()), pool_size=settings.metrics_api_threads)


@pytest.fixture
def context(app: Flask) -> Context:
    """What the application works with."""
    context: Context = app.extensions["context"]
    return context


def change_settings(context: Context, **groups: object) -> Context:
    """The same connections with other groups of settings."""
    return replace(context, settings=replace(context.settings, **groups))


def create_token(engine: Engine, *scopes: Scope, name: str = "a test", **columns: object) -> str:
    """A new token with these scopes."""
    token = create_secret()
    row = {"name": name, "token_hash": hash_secret(token), "scopes": list(scopes), **columns}
    with engine.begin() as connection:
        connection.execute(insert(tokens).values(row))
    return token


@pytest.fixture
def holder_of(app: Flask, empty_database: Engine) -> Callable[..., Api]:
    """Callers whose token has just the given scopes, each time a new token."""
    app.extensions["context"].noted_looks.clear()  # The audit log is empty, too.

    def create(*scopes: Scope, **columns: Any) -> Api:
        return Api(app, create_token(empty_database, *scopes, **columns))

    return create


@pytest.fixture
def api(holder_of: Callable[..., Api]) -> Api:
    """A caller who may do everything."""
    return holder_of(*Scope)
