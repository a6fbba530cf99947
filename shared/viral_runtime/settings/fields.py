"""Fields of settings that several groups read, each said and checked once."""

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
    """Refuse what is no list of networks."""
    try:
        read_networks(networks)
    except ValueError as error:
        name = str(info.field_name).upper()
        raise ValueError(f"{name} must be networks such as 10.0.0.0/8, with commas: {error}") from error
    return networks


def _check_domains(domains: str) -> str:
    """Refuse what is no list of domains, such as addresses or patterns."""
    wrong = [domain for domain in read_domains(domains) if not _DOMAIN.fullmatch(domain)]
    if wrong:
        raise ValueError(f"EMAIL_RECIPIENT_DOMAINS holds {', '.join(wrong)}; allowed: domains such as school.example")
    return domains


def _check_prefix(prefix: str) -> str:
    """Refuse what is no path, or begins as the dashboard's own paths do."""
    if prefix and (not _PREFIX.fullmatch(prefix) or prefix.split("/")[1] in OWN_PATHS):
        raise ValueError(
            f"DASHBOARD_PATH_PREFIX is {prefix}; allowed: a path such as /viral, without a slash at its end, that "
            f"does not begin with /{', /'.join(OWN_PATHS)}"
        )
    return prefix


def _check_issuer(issuer: str | None) -> str | None:
    """Refuse a provider that is reached without TLS, but on this machine."""
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
        description="Networks in CIDR form, separated by commas, that webhooks may reach although they are private or "
        "loopback. Empty allows public addresses only. The API refuses such rules at once, the worker at each call."
    ),
]
RecipientDomains = Annotated[
    str,
    AfterValidator(_check_domains),
    Field(
        description="Domains, separated by commas, to which emails with reports and alerts may go; each by itself, "
        "without those below it. Empty allows every domain. The API refuses other recipients at once, the worker at "
        "each email.",
        json_schema_extra={"valid": "domains such as school.example, separated by commas, or nothing"},
    ),
]
BindHost = Annotated[
    str,
    Field(
        description="Address that the web services and the workers' metrics listen on. Containers use 0.0.0.0; "
        "with it every machine that reaches this one can connect.",
        json_schema_extra={"valid": "an IP address or a host name"},
    ),
]
RedisUrl = Annotated[
    str,
    Field(
        pattern="^(rediss?|unix)://",
        description="Redis or Valkey for queues and rate limits; `make run` starts an embedded one. Another server "
        "begins with empty queues, which the reconciler fills again.",
    ),
]
MetricsApiUrl = Annotated[
    str,
    Field(
        pattern="^https?://",
        description="Where the dashboard and the workers reach the metrics API. While nothing answers there, pages say "
        "so and work waits.",
    ),
]
PathPrefix = Annotated[
    str,
    AfterValidator(_check_prefix),
    Field(
        description="Path of its host below which a proxy shows the dashboard, such as /viral; empty is the whole "
        "host. PUBLIC_DASHBOARD_URL has to end with it, or links lead nowhere.",
        json_schema_extra={"valid": "a path such as /viral, without a slash at its end, or nothing"},
    ),
]
PublicDashboardUrl = Annotated[
    str,
    Field(
        pattern="^https?://",
        description="Where people reach the dashboard. All links in emails, notifications and pages begin with it, so "
        "that a wrong one leads nowhere.",
    ),
]
DashboardToken = Annotated[
    SecretStr,
    Field(
        min_length=32,
        description="Token by which the dashboard signs in at the API; both need the same. A new one ends the old.",
    ),
]
ReportWorkerToken = Annotated[
    SecretStr,
    Field(
        min_length=32,
        description="Token by which report workers sign in at the API; both need the same. It opens their own jobs "
        "only. A new one ends the old.",
    ),
]
EmailWorkerToken = Annotated[
    SecretStr,
    Field(
        min_length=32,
        description="Token by which email workers sign in at the API; both need the same. It opens their own jobs "
        "only. A new one ends the old.",
    ),
]
OidcIssuer = Annotated[
    str | None,
    AfterValidator(_check_issuer),
    Field(
        description="Address of the provider of single sign-on. With it the sign-in page offers that, too, and people "
        "whom the provider knows sign in without a password here.",
        json_schema_extra={"valid": "an https address, or nothing"},
    ),
]
