"""How many processes a web service runs."""

import os
from pathlib import Path

import pytest

from viral_runtime.web.cores import count_named_processes, count_processes

CORES = min(8, len(os.sched_getaffinity(0)))


@pytest.fixture
def limit(tmp_path: Path) -> Path:
    return tmp_path / "cpu.max"


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("max 100000\n", CORES),
        ("50000 100000\n", 1),
        ("100000 100000\n", 1),
        ("150000 100000\n", min(2, CORES)),
        ("9900000 100000\n", CORES),
        ("nonsense", CORES),
    ],
)
def test_there_is_one_a_core_that_the_container_may_use(limit: Path, text: str, allowed: int) -> None:
    limit.write_text(text)
    assert count_processes(0, limit) == allowed


def test_without_a_limit_there_is_one_a_core(limit: Path) -> None:
    assert count_processes(0, limit) == CORES


def test_a_number_that_is_given_is_taken(limit: Path) -> None:
    limit.write_text("50000 100000")
    assert count_processes(7, limit) == 7


@pytest.mark.parametrize(
    ("given", "expected"), [("3", 3), ("0", count_processes(0)), ("", count_processes(0)), ("x", count_processes(0))]
)
def test_the_environment_is_read_as_the_settings_read_it(
    monkeypatch: pytest.MonkeyPatch, given: str, expected: int
) -> None:
    monkeypatch.setenv("DASHBOARD_PROCESSES", given)
    assert count_named_processes("DASHBOARD_PROCESSES") == expected
