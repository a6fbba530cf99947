"""`viral-engine flags set` on the local stack's file."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from viral_cli import main
from viral_cli.local.environment import ensure_flags_file
from viral_contract.models.flags import Flag
from viral_runtime.flags.evaluate import Flags


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "flags.json"
    ensure_flags_file(path)
    monkeypatch.setenv("FLAGS_FILE", str(path))
    return path


def _set(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["flags", "set", *arguments])


def test_it_writes_the_file(path: Path) -> None:
    ran = _set("email_delivery", "on")
    assert ran.exit_code == 0, ran.output
    assert Flags(path).is_on(Flag.EMAIL_DELIVERY, "anybody")
    assert _set("email_delivery", "off").output.startswith("email_delivery is off, in ")
    assert not Flags(path).is_on(Flag.EMAIL_DELIVERY, "anybody")
    assert [entry.name for entry in path.parent.iterdir()] == ["flags.json"]


def test_a_link_stays_a_link(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = path.with_name("link.json")
    link.symlink_to(path)
    monkeypatch.setenv("FLAGS_FILE", str(link))
    assert _set("email_delivery", "on", "--percent", "25").exit_code == 0
    assert link.is_symlink()
    assert "fractional" in path.read_text()


def test_the_file_of_the_local_stacks_folder_is_found(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLAGS_FILE")
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    assert _set("ai_insights", "on").exit_code == 0
    assert Flags(path).is_on(Flag.AI_INSIGHTS, "anybody")


def test_a_dry_run_changes_nothing(path: Path) -> None:
    before = path.read_text()
    ran = _set("email_delivery", "on", "--percent", "25", "--dry-run")
    assert ran.exit_code == 0
    assert "fractional" in ran.output
    assert path.read_text() == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("emails", "on"), "'emails' is not one of 'guardrail_dashboard'"),
        (("email_delivery", "maybe"), "'maybe' is not one of 'on', 'off'"),
        (("email_delivery", "on", "--percent", "0"), "0 is not in the range 1<=x<=100"),
        (("email_delivery", "on", "--percent", "101"), "101 is not in the range"),
        (("email_delivery", "on", "--percent", "many"), "'many' is not a valid integer"),
        (("email_delivery", "off", "--percent", "25"), "can't be combined with off"),
        (("email_delivery", "off", "--release", "other"), "Add -n NAMESPACE"),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    before = path.read_text()
    ran = _set(*arguments)
    assert ran.exit_code == 2
    assert sentence in ran.output
    assert path.read_text() == before


@pytest.mark.parametrize("content", ["{", json.dumps({"flags": []}), ""])
def test_a_broken_file_stays_as_it_is(path: Path, content: str) -> None:
    path.write_text(content)
    ran = _set("email_delivery", "on")
    assert ran.exit_code == 1
    assert "Fix it first. Nothing was changed." in ran.output
    assert path.read_text() == content


def test_a_file_that_is_not_there_is_named(path: Path) -> None:
    path.unlink()
    ran = _set("email_delivery", "on")
    assert ran.exit_code == 1
    assert f"{path} cannot be read" in ran.output
    assert not path.exists()
