"""The whole product, started once for the tests that look at it from outside."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stack_process import StackProcess


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that share the stack in one of pytest-xdist's workers, so that only one is started."""
    for item in items:
        if "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("stack"))


@pytest.fixture(scope="session")
def stack() -> Iterator[dict[str, str]]:
    """The values of local.env of a running stack without demo data."""
    with tempfile.TemporaryDirectory(prefix="viral-engine-") as name, StackProcess(Path(name) / "var") as process:
        yield process.wait_until_ready()
