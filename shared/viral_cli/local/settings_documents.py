"""Writes `.env.example` and `docs/configuration.md` in the working directory."""

from pathlib import Path

from viral_cli.local.settings import list_groups
from viral_runtime.settings.documents import format_env_example, format_page

if __name__ == "__main__":
    Path(".env.example").write_text(format_env_example(list_groups()))
    Path("docs/configuration.md").write_text(format_page(list_groups()))
