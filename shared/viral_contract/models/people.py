"""Sign-in: people, their roles and scopes."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StrictBool, model_validator

from viral_contract.models.flags import Flag
from viral_contract.models.values import EmailAddress


class Scope(StrEnum):
    """What a token or a person may do."""

    EVENTS_WRITE = "events:write"
    METRICS_READ = "metrics:read"
    ALERTS_WRITE = "alerts:write"
    CASES_WRITE = "cases:write"
    REPORTS_WRITE = "reports:write"
    IDENTIFIERS_READ = "identifiers:read"
    ADMIN = "admin"
    JOBS_RUN = "jobs:run"
    JOBS_REPORTS = "jobs:reports"
    JOBS_DELIVERIES = "jobs:deliveries"
    SESSIONS_WRITE = "sessions:write"


class Role(StrEnum):
    """A person's role."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    ADMIN = "admin"


_PARTS = {
    Scope.JOBS_RUN: frozenset({Scope.JOBS_REPORTS, Scope.JOBS_DELIVERIES}),
    Scope.ALERTS_WRITE: frozenset({Scope.CASES_WRITE}),
}
_VIEWER = frozenset({Scope.METRICS_READ})
_ANALYST = _VIEWER | {Scope.ALERTS_WRITE, Scope.CASES_WRITE, Scope.REPORTS_WRITE}
ROLE_SCOPES = {
    Role.VIEWER: _VIEWER,
    Role.ANALYST: _ANALYST,
    Role.ADMIN: _ANALYST | {Scope.IDENTIFIERS_READ, Scope.ADMIN},
}


def add_parts(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """The scopes plus their parts: each kind of worker needs only a part of jobs:run, verdicts one of alerts:write."""
    given = frozenset(scopes)
    return given.union(*(_PARTS.get(scope, frozenset()) for scope in given))


GivenSecret = Annotated[SecretStr, Field(min_length=1, max_length=1024)]
NewPassword = Annotated[SecretStr, Field(min_length=12, max_length=1024)]


class Credentials(BaseModel):
    """What a person signs in with."""

    model_config = ConfigDict(extra="forbid")

    email: EmailAddress
    password: GivenSecret
    device: GivenSecret | None = Field(None, description="From an earlier sign-in of this browser")


class Person(BaseModel):
    """A person who may sign in."""

    id: int
    email: str
    role: Role


class SignedInPerson(Person):
    """The person of a session, and their features."""

    flags: list[Flag] = Field(description="Per-person flags that are on for this person")


class SessionCreated(BaseModel):
    """A new session; its secret is shown once."""

    secret: str
    expires_at: datetime
    person: Person
    device: str | None = Field(
        None, description="Stored by the browser, so that other people's failed sign-ins don't block its next one"
    )


class PersonDetail(Person):
    """A person as admins see them."""

    created_at: datetime
    signed_in_at: datetime | None = Field(description="Null before the first sign-in")
    deactivated: bool = Field(description="Cannot sign in")
    has_password: bool
    single_sign_on: bool = Field(description="Has used it; the role then comes from groups")


class PeopleAnswer(BaseModel):
    """People, by email."""

    people: list[PersonDetail]
    total_people: int
    next_cursor: str | None


class NewPerson(BaseModel):
    """A person to invite."""

    model_config = ConfigDict(extra="forbid")

    email: EmailAddress
    role: Role


class PersonChange(BaseModel):
    """Changes to a person; their sessions end."""

    model_config = ConfigDict(extra="forbid")

    role: Role | None = None
    deactivated: StrictBool | None = None

    @model_validator(mode="after")
    def check_any(self) -> "PersonChange":
        """Refuse an empty change."""
        if self.role is None and self.deactivated is None:
            raise ValueError("must change at least one field")
        return self


class PasswordLink(BaseModel):
    """A one-time link to set a password; `secret` is shown once."""

    secret: str = Field(description="For PUT /v1/passwords; the dashboard's /set-password takes it as `key`")
    expires_at: datetime


class PersonInvited(BaseModel):
    """A new person, with the link to set their password."""

    person: PersonDetail
    password_link: PasswordLink


class PasswordByLink(BaseModel):
    """A password set with a link's secret."""

    model_config = ConfigDict(extra="forbid")

    secret: GivenSecret
    password: NewPassword


class PasswordChange(BaseModel):
    """The caller's new password."""

    model_config = ConfigDict(extra="forbid")

    current_password: GivenSecret
    new_password: NewPassword
