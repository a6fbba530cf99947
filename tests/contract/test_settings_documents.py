"""Every setting is documented, because both documents are made from the settings' models."""

from pathlib import Path

from viral_engine.settings_docs import format_env_example, format_page, list_groups, list_settings

ROOT = Path(__file__).parents[2]


def test_the_documents_are_current() -> None:
    made = "python -m viral_engine.settings_docs"
    assert (ROOT / ".env.example").read_text() == format_env_example(), f"run {made}"
    assert (ROOT / "docs/configuration.md").read_text() == format_page(), f"run {made}"


def test_every_setting_says_what_it_is_for() -> None:
    silent = [
        setting.name for model in list_groups() for setting in list_settings(model) if not setting.purpose.endswith(".")
    ]
    assert silent == []
