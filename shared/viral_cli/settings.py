"""The settings of the local stack."""

from pathlib import Path

from pydantic import Field

from viral_contract.models.email_address import EmailAddress
from viral_runtime.settings.base import EnvironmentSettings


class StandaloneSettings(EnvironmentSettings):
    """How the local stack of `make run` starts."""

    var_dir: Path = Field(
        Path("var"),
        description="Folder of the local stack's data, secrets and logs. Another folder is another, empty stack.",
    )
    demo: bool = Field(True, description="Whether an empty local stack is filled with demo data. 0 leaves it empty.")
    admin_email: EmailAddress = Field(
        "admin@example.com",
        description="Email address of the first admin, made when there is none. It is what one signs in with.",
    )
