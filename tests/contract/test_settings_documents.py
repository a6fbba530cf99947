"""Every setting is documented, because both documents are made from the settings' models."""

import re
from pathlib import Path

from viral_cli.local.settings import list_groups
from viral_cli.settings import StandaloneSettings
from viral_runtime.settings.documents import format_env_example, format_page, list_settings

# The local stack makes the first admin by itself, and says so.
GROUPS = [model for model in list_groups() if model is not StandaloneSettings]
ROOT = Path(__file__).parents[2]


def test_the_documents_are_current() -> None:
    made = "python -m viral_cli.local.settings_documents"
    assert (ROOT / ".env.example").read_text() == format_env_example(list_groups()), f"run {made}"
    assert (ROOT / "docs/configuration.md").read_text() == format_page(list_groups()), f"run {made}"


def test_every_setting_says_what_it_is_for_and_what_changing_it_does() -> None:
    settings = [setting for model in list_groups() for setting in list_settings(model)]
    silent = [setting.name for setting in settings if len(re.findall(r"\.(?= [A-Z0-9]|$)", setting.purpose)) < 2]
    assert silent == []


def test_a_setting_that_is_in_several_groups_is_the_same_in_each() -> None:
    said = {(setting.name, setting.purpose, setting.allowed) for model in GROUPS for setting in list_settings(model)}
    assert len(said) == len({name for name, *_ in said})


def test_a_list_of_networks_says_what_is_valid() -> None:
    allowed = {setting.name: setting.allowed for model in list_groups() for setting in list_settings(model)}
    for name in ("TRUSTED_PROXIES", "WEBHOOK_ALLOWED_NETWORKS"):
        assert allowed[name] == "networks such as 10.0.0.0/8, separated by commas, or nothing"
