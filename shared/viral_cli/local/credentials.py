"""Passwords and tokens of the local stack, made once and kept for the next start."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from viral_cli.private_file import write_private_file

NAMES = (
    "ADMIN_PASSWORD",
    "API_TOKEN",
    "DASHBOARD_TOKEN",
    "EMAIL_WORKER_TOKEN",
    "IDENTIFIER_KEY",
    "POSTGRES_PASSWORD",
    "REPORT_WORKER_TOKEN",
    "VALKEY_PASSWORD",
)
_BYTES = 24
_ADMIN_PASSWORD_BYTES = 9


def load_credentials(path: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The value for every name: the given one, else the one kept in the file, else a new one.

    All are kept in the file, readable by its owner only, so that what was used last is valid after a restart.
    """
    kept = json.loads(path.read_text()) if path.exists() else {}
    values = {name: given.get(name) or kept.get(name) or _make(name) for name in NAMES}
    if values != kept:
        write_private_file(path, json.dumps(values, indent=2) + "\n")
    return values


def _make(name: str) -> str:
    # A person types the admin's password; the others are only ever copied by programs.
    return secrets.token_urlsafe(_ADMIN_PASSWORD_BYTES if name == "ADMIN_PASSWORD" else _BYTES)
