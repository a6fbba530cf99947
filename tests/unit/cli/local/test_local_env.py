"""local.env says how other programs reach the stack, while it runs."""

import stat
import subprocess
from pathlib import Path

import pytest

from viral_cli.local_env import NAMES, published, read_local_env

VALUES = {name: f"value-of-{name}" for name in NAMES}


def test_it_holds_exactly_the_names_of_the_contract(tmp_path: Path) -> None:
    with published(tmp_path / "local.env", {**VALUES, "HOME": "somewhere"}):
        assert read_local_env(tmp_path / "local.env") == VALUES
        assert stat.S_IMODE((tmp_path / "local.env").stat().st_mode) == 0o600


def test_it_is_removed_however_the_stack_ends(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), published(tmp_path / "local.env", VALUES):
        raise KeyboardInterrupt
    assert not (tmp_path / "local.env").exists()


@pytest.mark.parametrize(
    "value",
    ["", "plain", "postgresql://u:p@127.0.0.1:5432/d?sslmode=require&a=b", "a 'quoted' $HOME `word` \\ \"x\""],
)
def test_a_shell_and_we_read_every_value_back(value: str, tmp_path: Path) -> None:
    with published(tmp_path / "local.env", {**VALUES, "ADMIN_PASSWORD": value}):
        assert read_local_env(tmp_path / "local.env")["ADMIN_PASSWORD"] == value
        script = 'set -a; . "$1"; printf %s "$ADMIN_PASSWORD"'
        command = ["sh", "-c", script, "sh", str(tmp_path / "local.env")]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == value
