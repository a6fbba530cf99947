"""The environment of every process of the local stack."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from viral_cli.local.ports import find_free_port
from viral_cli.local.servers import EmbeddedPostgres, EmbeddedValkey
from viral_cli.private_file import write_private_file
from viral_cli.settings import StandaloneSettings
from viral_contract.models.flags import FLAGS


def ensure_flags_file(path: Path) -> None:
    """Write every flag with its default, unless the file exists, perhaps with changes."""
    if path.exists():
        return
    flags = {
        name: {
            "state": "ENABLED",
            "variants": {"on": True, "off": False},
            "defaultVariant": "on" if meaning.default else "off",
        }
        for name, meaning in FLAGS.items()
    }
    document = {"$schema": "https://flagd.dev/schema/v0/flags.json", "flags": flags}
    path.write_text(json.dumps(document, indent=2) + "\n")


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
    """The value for every name: the given one, the file's, or a new one.

    All are stored in the file, readable only by its owner, so that they stay valid after a restart.
    """
    kept = json.loads(path.read_text()) if path.exists() else {}
    values = {name: given.get(name) or kept.get(name) or _make(name) for name in NAMES}
    if values != kept:
        write_private_file(path, json.dumps(values, indent=2) + "\n")
    return values


def _make(name: str) -> str:
    # A person types the admin's password; programs copy the others.
    return secrets.token_urlsafe(_ADMIN_PASSWORD_BYTES if name == "ADMIN_PASSWORD" else _BYTES)


_SERVER_PASSWORDS = ("POSTGRES_PASSWORD", "VALKEY_PASSWORD")
_LONG_ENOUGH = "x" * 32

# Valid placeholders for what `build_environment` generates, to check the rest first.
PLACEHOLDERS = {
    "DATABASE_URL": "postgresql://",
    "REDIS_URL": "redis://",
    "ADMIN_EMAIL": "admin@example.com",
    "ADMIN_PASSWORD": _LONG_ENOUGH,
    "API_TOKEN": _LONG_ENOUGH,
    "DASHBOARD_TOKEN": _LONG_ENOUGH,
    "IDENTIFIER_KEY": _LONG_ENOUGH,
    "EMAIL_WORKER_TOKEN": _LONG_ENOUGH,
    "REPORT_WORKER_TOKEN": _LONG_ENOUGH,
}


@dataclass(frozen=True)
class Servers:
    """The servers to start; None if the environment names a running one."""

    postgres: EmbeddedPostgres | None
    valkey: EmbeddedValkey | None


def build_environment(
    given: Mapping[str, str], settings: StandaloneSettings, var: Path
) -> tuple[dict[str, str], Servers]:
    """The additions to the given environment, and the embedded servers it needs.

    Given values win. Server URLs with our own passwords are ignored: they come from an earlier `local.env`, and their
    ports have changed.
    """
    credentials = load_credentials(var / "secrets.json", given)
    environment = {
        **{name: value for name, value in credentials.items() if name not in _SERVER_PASSWORDS},
        "ADMIN_EMAIL": settings.admin_email,
        "FLAGS_FILE": given.get("FLAGS_FILE") or str(_default_flags_file(var)),
        **_choose_email(given, var),
        "PYTHONUNBUFFERED": "1",
        # A company proxy must not intercept the stack's own traffic.
        "NO_PROXY": ",".join(filter(None, [given.get("NO_PROXY"), "127.0.0.1"])),
    }
    postgres = valkey = None
    password = credentials["POSTGRES_PASSWORD"]
    if not (url := given.get("DATABASE_URL")) or password in url:
        postgres = EmbeddedPostgres(var / "postgres", password, find_free_port())
        environment["DATABASE_URL"] = postgres.url
    password = credentials["VALKEY_PASSWORD"]
    if not (url := given.get("REDIS_URL")) or password in url:
        valkey = EmbeddedValkey(var / "valkey", password, find_free_port())
        environment["REDIS_URL"] = valkey.url
    return environment, Servers(postgres, valkey)


def _choose_email(given: Mapping[str, str], var: Path) -> dict[str, str]:
    """Send nothing from this machine unless a mail server or transport is set."""
    if given.get("SMTP_HOST") or given.get("EMAIL_TRANSPORT"):
        return {}
    return {"EMAIL_TRANSPORT": "file", "EMAIL_FOLDER": given.get("EMAIL_FOLDER") or str(var / "mail")}


def _default_flags_file(var: Path) -> Path:
    path = var / "flags.json"
    ensure_flags_file(path)
    return path
