"""Access settings: limits on requests and sign-ins, single sign-on."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from viral_contract.models.people import Role
from viral_runtime.settings.base import EnvironmentSettings
from viral_runtime.settings.fields import OidcIssuer
from viral_runtime.settings.groups import ProxySettings

EmailList = Annotated[str, Field(json_schema_extra={"valid": "emails, separated by commas, or nothing"})]
GroupList = Annotated[str, Field(json_schema_extra={"valid": "names, separated by commas, or nothing"})]


class LimitSettings(EnvironmentSettings):
    """Limits on requests, failed sign-ins and idle sessions."""

    rate_limit_requests_per_minute: int = Field(
        60_000,
        ge=0,
        description="Requests per minute from one address, and per token or signed-in person; the API answers "
        "more with 429. 0 turns the limit off. Lower protects better but slows down busy services.",
    )
    login_failures_per_minute: int = Field(
        20,
        ge=1,
        description="Failed sign-ins per minute from one address before it must wait. Lower may lock out a school "
        "or an office behind one address.",
    )
    login_failures_before_lock: int = Field(
        5,
        ge=1,
        le=100,
        description="Failed sign-ins in a row before an account is locked for a while. Lower stops guessing "
        "sooner, but also people who mistype.",
    )
    login_lock_seconds: int = Field(
        30,
        ge=1,
        le=900,
        description="Duration of the first lock in seconds. Each further failure doubles it, up to 15 minutes. "
        "Longer slows down guessing, but people wait longer.",
    )
    session_idle_hours: int = Field(
        8,
        ge=1,
        le=720,
        description="Hours without activity before a person must sign in again, even within SESSION_HOURS. "
        "Automatic refreshes are not activity. Longer leaves an unattended browser signed in longer.",
    )


class SingleSignOnSettings(EnvironmentSettings):
    """Single sign-on with OpenID Connect.

    Off without OIDC_ISSUER. The provider must allow the redirect URL `<dashboard>/login/callback`.
    """

    oidc_issuer: OidcIssuer = None
    oidc_client_id: str = Field(
        "",
        description="Client id of this product at the provider. Required with OIDC_ISSUER; without it nothing starts.",
    )
    oidc_client_secret: SecretStr = Field(
        SecretStr(""), description="Client secret from the provider. Change it here whenever it changes there."
    )
    oidc_scopes: str = Field(
        "openid email profile",
        description="Scopes requested from the provider. Some providers send groups only with the scope `groups`.",
    )
    oidc_groups_claim: str = Field(
        "groups",
        description="Claim of the id token that lists a person's groups. If it is missing, nobody gets a role.",
    )
    oidc_admin_groups: GroupList = Field(
        "", description="Groups whose members are admins. Admins can see full identifiers and manage people."
    )
    oidc_analyst_groups: GroupList = Field(
        "", description="Groups whose members are analysts. Analysts act on alerts and generate reports."
    )
    oidc_viewer_groups: GroupList = Field(
        "", description="Groups whose members are viewers. People in none of the three kinds of groups cannot sign in."
    )

    oidc_keep_passwords: EmailList = Field(
        "",
        description="Emails of people whose local password stays valid with single sign-on, such as an emergency "
        "admin's. Everyone else's ends with their first single sign-on.",
    )

    @field_validator("oidc_client_id")
    @classmethod
    def check_client_id(cls, client_id: str, info: ValidationInfo) -> str:
        """Refuse a provider without a client id."""
        if info.data.get("oidc_issuer") and not client_id:
            raise ValueError("OIDC_CLIENT_ID is missing; OIDC_ISSUER needs it")
        return client_id

    def keeps_password(self, email: str) -> bool:
        """Whether this person's password stays valid with single sign-on."""
        return email.lower() in _split_list(self.oidc_keep_passwords.lower())

    def find_role(self, groups: list[str]) -> Role | None:
        """The highest role of these groups, None without any."""
        by_role = {
            Role.ADMIN: self.oidc_admin_groups,
            Role.ANALYST: self.oidc_analyst_groups,
            Role.VIEWER: self.oidc_viewer_groups,
        }
        return next((role for role, named in by_role.items() if _split_list(named) & set(groups)), None)


def _split_list(given: str) -> set[str]:
    return {part for part in map(str.strip, given.split(",")) if part}


@dataclass(frozen=True)
class AccessSettings:
    """All of these groups."""

    proxies: ProxySettings = field(default_factory=ProxySettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    single_sign_on: SingleSignOnSettings = field(default_factory=SingleSignOnSettings)
