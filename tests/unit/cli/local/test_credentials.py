"""Passwords and tokens of the local stack survive its restarts."""

import stat
from pathlib import Path

import pytest

from viral_cli.local.environment import NAMES, load_credentials


def test_the_second_start_has_the_same_values(tmp_path: Path) -> None:
    first = load_credentials(tmp_path / "secrets.json", {})
    assert load_credentials(tmp_path / "secrets.json", {}) == first


def test_every_value_is_another(tmp_path: Path) -> None:
    values = load_credentials(tmp_path / "secrets.json", {})
    assert set(values) == set(NAMES)
    assert len(set(values.values())) == len(NAMES)


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    load_credentials(tmp_path / "secrets.json", {})
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_a_given_value_wins_and_is_kept_for_the_next_start(tmp_path: Path) -> None:
    before = load_credentials(tmp_path / "secrets.json", {})
    given = load_credentials(tmp_path / "secrets.json", {"ADMIN_PASSWORD": "chosen by hand"})
    assert given == {**before, "ADMIN_PASSWORD": "chosen by hand"}
    assert load_credentials(tmp_path / "secrets.json", {}) == given


def test_an_empty_value_counts_as_not_given(tmp_path: Path) -> None:
    assert load_credentials(tmp_path / "secrets.json", {"API_TOKEN": ""})["API_TOKEN"]


@pytest.mark.parametrize("name", ["API_TOKEN", "DASHBOARD_TOKEN", "IDENTIFIER_KEY"])
def test_secrets_are_as_long_as_the_services_demand(name: str, tmp_path: Path) -> None:
    assert len(load_credentials(tmp_path / "secrets.json", {})[name]) >= 32
