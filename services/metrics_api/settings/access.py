"""Settings of access: limits of requests and sign-ins, single sign-on."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from viral_contract.models.people import Role
from viral_runtime.settings.base import EnvironmentSettings
from viral_runtime.settings.fields import OidcIssuer
from viral_runtime.settings.web import ProxySettings

EmailList = Annotated[str, Field(json_schema_extra={"valid": "emails, separated by commas, or nothing"})]
GroupList = Annotated[str, Field(json_schema_extra={"valid": "names, separated by commas, or nothing"})]


class LimitSettings(EnvironmentSettings):
    """How much the API takes from one caller, how many wrong passwords from one account, and how long one may rest."""

    rate_limit_requests_per_minute: int = Field(
        60_000,
        ge=0,
        description="Requests a minute of one address, and of one token or signed-in person, above which the API "
        "answers 429; 0 switches it off. Lower protects better and slows down busy services.",
    )
    login_failures_per_minute: int = Field(
        20,
        ge=1,
        description="Failed sign-ins a minute from one address above which it has to wait. "
        "Lower may lock out a school or an office behind one address.",
    )
    login_failures_before_lock: int = Field(
        5,
        ge=1,
        le=100,
        description="Failed sign-ins of one account in a row after which it is locked for a while. "
        "Lower stops guessing sooner, and people who mistype.",
    )
    login_lock_seconds: int = Field(
        30,
        ge=1,
        le=900,
        description="Seconds of the first lock; each further failure doubles them, up to 15 minutes. "
        "Longer makes guessing slower, and waiting.",
    )
    session_idle_hours: int = Field(
        8,
        ge=1,
        le=720,
        description="Hours without use after which a person must sign in again, also before SESSION_HOURS end. Pages "
        "that refresh by themselves are no use. Longer leaves a browser that nobody watches open longer.",
    )


class SingleSignOnSettings(EnvironmentSettings):
    """Single sign-on by OpenID Connect.

    Off without OIDC_ISSUER. The provider has to allow the address `<dashboard>/login/callback`.
    """

    oidc_issuer: OidcIssuer = None
    oidc_client_id: str = Field(
        "", description="Name under which the provider knows this product. OIDC_ISSUER needs it, or nothing starts."
    )
    oidc_client_secret: SecretStr = Field(
        SecretStr(""), description="Secret that the provider gave this product. Changing it there, change it here."
    )
    oidc_scopes: str = Field(
        "openid email profile", description="What is asked of the provider. Some only tell groups for a scope `groups`."
    )
    oidc_groups_claim: str = Field(
        "groups", description="Claim of the id token that lists a person's groups. Without it nobody gets a role."
    )
    oidc_admin_groups: GroupList = Field(
        "", description="Groups whose members are admins here. Each can see identifiers whole and change people."
    )
    oidc_analyst_groups: GroupList = Field(
        "", description="Groups whose members are analysts here. They act on alerts and make reports."
    )
    oidc_viewer_groups: GroupList = Field(
        "", description="Groups whose members are viewers here. Whoever is in no group of the three is not let in."
    )

    oidc_keep_passwords: EmailList = Field(
        "",
        description="Emails of people whose password here stays valid beside single sign-on, such as an emergency "
        "admin's. Everybody else's ends when they first sign in by the provider.",
    )

    @field_validator("oidc_client_id")
    @classmethod
    def check_client_id(cls, client_id: str, info: ValidationInfo) -> str:
        """Refuse a provider to whom we have no name."""
        if info.data.get("oidc_issuer") and not client_id:
            raise ValueError("OIDC_CLIENT_ID is missing; OIDC_ISSUER needs it")
        return client_id

    def keeps_password(self, email: str) -> bool:
        """Whether the password of this person stays valid beside single sign-on."""
        return email.lower() in _split_list(self.oidc_keep_passwords.lower())

    def find_role(self, groups: list[str]) -> Role | None:
        """The highest role that one of the groups brings, None without any."""
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
    """All of these groups, in their order."""

    proxies: ProxySettings = field(default_factory=ProxySettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    single_sign_on: SingleSignOnSettings = field(default_factory=SingleSignOnSettings)
