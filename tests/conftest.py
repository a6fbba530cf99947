"""What tests of every kind share: real servers, each started once, and the browser."""

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from metrics_api.db.migrate import grant_rights, upgrade
from viral_cli.local.leftovers import ProcessRecord
from viral_cli.local.merged_log import MergedLog
from viral_cli.local.ports import find_free_port
from viral_cli.local.processes import Children
from viral_cli.local.servers import EmbeddedPostgres, EmbeddedValkey

# A test's data need not survive the machine, so nothing waits for the disk.
_POSTGRES_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
}


@pytest.fixture(scope="session")
def data_servers() -> Iterator[tuple[Children, Path]]:
    """The group of PostgreSQL and Valkey, and a folder for their data; both end after the servers that use them."""
    yield from _start_group()


@pytest.fixture(scope="session")
def servers(data_servers: tuple[Children, Path]) -> Iterator[tuple[Children, Path]]:  # noqa: ARG001 - ends before the stores.
    """A group of server processes, and a folder for their data; both end with the tests."""
    yield from _start_group()


def _start_group() -> Iterator[tuple[Children, Path]]:
    with tempfile.TemporaryDirectory(prefix="viral-engine-") as name:
        folder = Path(name)
        with Children(MergedLog(io.StringIO()), ProcessRecord(folder / "processes.json")) as children:
            yield children, folder


@pytest.fixture(scope="session")
def database_url(data_servers: tuple[Children, Path]) -> str:
    """A migrated database in a PostgreSQL of its own."""
    children, folder = data_servers
    postgres = EmbeddedPostgres(folder / "postgres", "password", find_free_port(), _POSTGRES_SETTINGS)
    postgres.start(children)
    upgrade(postgres.url)
    return postgres.url


@pytest.fixture(scope="session")
def runtime_url(database_url: str) -> str:
    """The same database as a user who does not own its schema, as the services run in production."""
    url = make_url(database_url).set(drivername="postgresql", username="runtime", password="runtime")
    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(text("CREATE ROLE runtime LOGIN PASSWORD 'runtime'"))
        grant_rights(connection, url.render_as_string(hide_password=False))
    engine.dispose()
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def redis_url(data_servers: tuple[Children, Path]) -> str:
    """An empty Valkey."""
    children, folder = data_servers
    valkey = EmbeddedValkey(folder / "valkey", "password", find_free_port())
    valkey.start(children)
    return valkey.url


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; without one the tests that need it are skipped, or fail under REQUIRE_BROWSER=1."""
    path = shutil.which("chromium")
    if path:
        return path
    advice = "no Chromium is installed: apt-get install chromium"
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(advice)
    pytest.skip(advice)
