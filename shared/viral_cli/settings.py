"""The settings of the local stack."""

from pathlib import Path

from pydantic import Field

from viral_contract.models.values import EmailAddress
from viral_runtime.settings.base import EnvironmentSettings


class StandaloneSettings(EnvironmentSettings):
    """Local stack of `make run`."""

    var_dir: Path = Field(
        Path("var"),
        description="Folder for the local stack's data, secrets and logs. Another folder is another, empty stack.",
    )
    demo: bool = Field(True, description="Whether an empty local stack is filled with demo data. 0 leaves it empty.")
    admin_email: EmailAddress = Field(
        "admin@example.com",
        description="Email of the first admin, created if there is none. Use it to sign in.",
    )
