"""The local stack's flags file."""

import json
from pathlib import Path

from viral_cli.local.environment import ensure_flags_file


def test_every_flag_has_the_default_of_the_design(tmp_path: Path) -> None:
    ensure_flags_file(tmp_path / "flags.json")
    flags = json.loads((tmp_path / "flags.json").read_text())["flags"]
    assert {name: flag["variants"][flag["defaultVariant"]] for name, flag in flags.items()} == {
        "guardrail_dashboard": True,
        "performance_reports": True,
        "email_delivery": False,
        "ai_insights": False,
        "alert_notifications": False,
    }
    assert {flag["state"] for flag in flags.values()} == {"ENABLED"}


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "flags.json").write_text("changed by hand")
    ensure_flags_file(tmp_path / "flags.json")
    assert (tmp_path / "flags.json").read_text() == "changed by hand"
