"""What every process of the local stack is told."""

from pathlib import Path

import pytest

from viral_cli.local.environment import build_environment
from viral_cli.settings import StandaloneSettings

SETTINGS = StandaloneSettings()


def test_an_empty_environment_gets_embedded_servers_and_all_secrets(tmp_path: Path) -> None:
    added, servers = build_environment({}, SETTINGS, tmp_path)
    assert servers.postgres
    assert servers.valkey
    assert added["DATABASE_URL"] == servers.postgres.url
    assert added["REDIS_URL"] == servers.valkey.url
    assert {"ADMIN_EMAIL", "ADMIN_PASSWORD", "API_TOKEN", "DASHBOARD_TOKEN", "IDENTIFIER_KEY"} <= added.keys()
    assert not [name for name in added if name in ("POSTGRES_PASSWORD", "VALKEY_PASSWORD")]


def test_servers_that_are_given_are_used_and_none_is_started(tmp_path: Path) -> None:
    given = {"DATABASE_URL": "postgresql://somewhere/else", "REDIS_URL": "redis://somewhere"}
    added, servers = build_environment(given, SETTINGS, tmp_path)
    assert (servers.postgres, servers.valkey) == (None, None)
    assert not given.keys() & added.keys()


def test_addresses_of_an_earlier_start_do_not_keep_the_embedded_servers_away(tmp_path: Path) -> None:
    earlier, _ = build_environment({}, SETTINGS, tmp_path)
    added, servers = build_environment(earlier, SETTINGS, tmp_path)
    assert servers.postgres
    assert servers.valkey
    assert added["DATABASE_URL"] != earlier["DATABASE_URL"]
    assert added["API_TOKEN"] == earlier["API_TOKEN"]


def test_a_flags_file_that_is_given_is_used_and_none_is_made(tmp_path: Path) -> None:
    assert build_environment({"FLAGS_FILE": "/etc/flags"}, SETTINGS, tmp_path)[0]["FLAGS_FILE"] == "/etc/flags"
    assert not (tmp_path / "flags.json").exists()
    assert Path(build_environment({}, SETTINGS, tmp_path)[0]["FLAGS_FILE"]) == tmp_path / "flags.json"


@pytest.mark.parametrize(("given", "told"), [({}, "127.0.0.1"), ({"NO_PROXY": "intra"}, "intra,127.0.0.1")])
def test_no_proxy_stands_between_the_stacks_processes(given: dict[str, str], told: str, tmp_path: Path) -> None:
    assert build_environment(given, SETTINGS, tmp_path)[0]["NO_PROXY"] == told


def test_email_stays_on_this_machine_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    added, _ = build_environment({}, SETTINGS, tmp_path)
    assert (added["EMAIL_TRANSPORT"], added["EMAIL_FOLDER"]) == ("file", str(tmp_path / "mail"))
    assert build_environment({"EMAIL_FOLDER": "/mail"}, SETTINGS, tmp_path)[0]["EMAIL_FOLDER"] == "/mail"
    for name, value in (("SMTP_HOST", "smtp.example"), ("EMAIL_TRANSPORT", "smtp")):
        assert "EMAIL_TRANSPORT" not in build_environment({name: value}, SETTINGS, tmp_path)[0]
