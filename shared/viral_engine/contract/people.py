"""Signing in: people, their roles, and the scopes that come with them."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, EmailStr, Field, SecretStr


class Scope(StrEnum):
    """What a token or a person may do."""

    EVENTS_WRITE = "events:write"
    METRICS_READ = "metrics:read"
    ALERTS_WRITE = "alerts:write"
    REPORTS_WRITE = "reports:write"
    IDENTIFIERS_READ = "identifiers:read"
    ADMIN = "admin"
    JOBS_RUN = "jobs:run"
    SESSIONS_WRITE = "sessions:write"


class Role(StrEnum):
    """What a person is here."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    ADMIN = "admin"


_VIEWER = frozenset({Scope.METRICS_READ})
_ANALYST = _VIEWER | {Scope.ALERTS_WRITE, Scope.REPORTS_WRITE}
ROLE_SCOPES = {
    Role.VIEWER: _VIEWER,
    Role.ANALYST: _ANALYST,
    Role.ADMIN: _ANALYST | {Scope.IDENTIFIERS_READ, Scope.ADMIN},
}


class Credentials(BaseModel):
    """What a person signs in with."""

    model_config = ConfigDict(extra="forbid")

    email: EmailStr
    password: SecretStr = Field(min_length=1, max_length=1024)


class Person(BaseModel):
    """Somebody who may sign in."""

    id: int
    email: str
    role: Role


class SessionCreated(BaseModel):
    """A new session; its secret is told once."""

    secret: str
    expires_at: datetime
    person: Person
