"""Service tokens: scopes and expiry."""

import unicodedata
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from viral_contract.models.people import Scope
from viral_contract.models.values import CONTROL_FREE, check_text

ACTORS_OF_ITS_OWN = ("environment", "single sign-on", "takedown", "system", "visitor")
"""The service's own name in the audit log."""


def _check_name(name: str) -> str:
    """Refuse names of a person or the service itself, including look-alike letters."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    if "@" in plain or plain in ACTORS_OF_ITS_OWN:
        raise ValueError("must not look like a person or the service itself")
    return name


TokenName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    BeforeValidator(check_text),
    CONTROL_FREE,
    AfterValidator(_check_name),
]


class NewToken(BaseModel):
    """A token to create."""

    model_config = ConfigDict(extra="forbid")

    name: TokenName = Field(description="Who will hold it; the audit log uses this name")
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    expires_in_days: Annotated[int, Field(ge=1, le=366)] = 90


class Token(BaseModel):
    """A token, without its secret."""

    id: int
    name: str
    scopes: list[Scope]
    created_at: datetime
    created_by: str | None = Field(description="`environment` for tokens from the settings")
    expires_at: datetime | None
    revoked_at: datetime | None
    active: bool


class TokenCreated(Token):
    """A new token; `secret` is shown once."""

    secret: str = Field(description="For Authorization: Bearer <secret>")


class TokensAnswer(BaseModel):
    """Tokens, newest first."""

    tokens: list[Token]
    total_tokens: int
    next_cursor: str | None
