"""Settings fields that several groups share."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo

from viral_contract.models.recipients import read_domains
from viral_runtime.settings.networks import read_networks

_DOMAIN = re.compile(r"[\w-]+(\.[\w-]+)+")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")
OWN_PATHS = ("dashboard", "assets", "login", "logout", "password", "set-password", "unsubscribe")
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


def _check_networks(networks: str, info: ValidationInfo) -> str:
    """Refuse anything but a list of networks."""
    try:
        read_networks(networks)
    except ValueError as error:
        name = str(info.field_name).upper()
        raise ValueError(f"{name} must be networks such as 10.0.0.0/8, with commas: {error}") from error
    return networks


def _check_domains(domains: str) -> str:
    """Refuse anything but a list of domains, such as addresses or patterns."""
    wrong = [domain for domain in read_domains(domains) if not _DOMAIN.fullmatch(domain)]
    if wrong:
        raise ValueError(f"EMAIL_RECIPIENT_DOMAINS holds {', '.join(wrong)}; allowed: domains such as school.example")
    return domains


def _check_prefix(prefix: str) -> str:
    """Refuse anything but a path, and paths that begin like the dashboard's own."""
    if prefix and (not _PREFIX.fullmatch(prefix) or prefix.split("/")[1] in OWN_PATHS):
        raise ValueError(
            f"DASHBOARD_PATH_PREFIX is {prefix}; allowed: a path such as /viral, without a slash at its end, that "
            f"does not begin with /{', /'.join(OWN_PATHS)}"
        )
    return prefix


def _check_issuer(issuer: str | None) -> str | None:
    """Refuse a provider without TLS, unless it is on this machine."""
    if issuer is None:
        return None
    address = urlsplit(issuer)
    if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _LOCAL_HOSTS):
        raise ValueError("OIDC_ISSUER must be an https address")
    return issuer.rstrip("/")


NetworkList = Annotated[
    str,
    AfterValidator(_check_networks),
    Field(json_schema_extra={"valid": "networks such as 10.0.0.0/8, separated by commas, or nothing"}),
]
AllowedNetworks = Annotated[
    NetworkList,
    Field(
        description="Private or loopback networks that webhooks may reach, in CIDR form, separated by commas. "
        "Empty allows public addresses only. The API checks rules when they are saved, the worker "
        "checks every call."
    ),
]
RecipientDomains = Annotated[
    str,
    AfterValidator(_check_domains),
    Field(
        description="Domains, separated by commas, that may get emails with reports and alerts; subdomains are "
        "not included. Empty allows every domain. The API refuses other recipients at once, the "
        "worker at each email.",
        json_schema_extra={"valid": "domains such as school.example, separated by commas, or nothing"},
    ),
]
BindHost = Annotated[
    str,
    Field(
        description="Address that the web services and the workers' metrics listen on. Containers use 0.0.0.0, "
        "which accepts connections from every machine that can reach this one.",
        json_schema_extra={"valid": "an IP address or a host name"},
    ),
]
RedisUrl = Annotated[
    str,
    Field(
        pattern="^(rediss?|unix)://",
        description="Redis or Valkey for queues and rate limits; `make run` starts an embedded one. A new server "
        "starts with empty queues, which the reconciler refills.",
    ),
]
MetricsApiUrl = Annotated[
    str,
    Field(
        pattern="^https?://",
        description="URL of the metrics API for the dashboard and the workers. While it does not respond, pages "
        "say so and work waits.",
    ),
]
PathPrefix = Annotated[
    str,
    AfterValidator(_check_prefix),
    Field(
        description="Path under which a proxy serves the dashboard, such as /viral; empty for the whole host. "
        "PUBLIC_DASHBOARD_URL must end with it, or links break.",
        json_schema_extra={"valid": "a path such as /viral, without a slash at its end, or nothing"},
    ),
]
PublicDashboardUrl = Annotated[
    str,
    Field(
        pattern="^https?://",
        description="URL at which people reach the dashboard. All links in emails, notifications and pages start "
        "with it, so a wrong one breaks them.",
    ),
]
DashboardToken = Annotated[
    SecretStr,
    Field(
        min_length=32,
        description="Token of the dashboard for the API; set the same value for both. A new one ends the old one.",
    ),
]
ReportWorkerToken = Annotated[
    SecretStr,
    Field(
        min_length=32,
        description="Token of the report workers for the API; set the same value for both. It grants access to "
        "their own jobs only. A new one ends the old one.",
    ),
]
EmailWorkerToken = Annotated[
    SecretStr,
    Field(
        min_length=32,
        description="Token of the email workers for the API; set the same value for both. It grants access to "
        "their own jobs only. A new one ends the old one.",
    ),
]
OidcIssuer = Annotated[
    str | None,
    AfterValidator(_check_issuer),
    Field(
        description="URL of the single sign-on provider. If set, the sign-in page offers single sign-on, and people "
        "sign in there without a local password.",
        json_schema_extra={"valid": "an https address, or nothing"},
    ),
]
