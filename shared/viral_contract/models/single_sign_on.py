"""Single sign-on: the redirect to the provider and back."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, HttpUrl, StringConstraints

from viral_contract.models.values import CONTROL_FREE, check_text

_Opaque = Annotated[str, StringConstraints(min_length=1, max_length=8192), BeforeValidator(check_text), CONTROL_FREE]


class SingleSignOnRequest(BaseModel):
    """A sign-in at the provider."""

    model_config = ConfigDict(extra="forbid")

    redirect_uri: HttpUrl = Field(description="Redirect URL for the provider")


class SingleSignOnStarted(BaseModel):
    """Where to send the browser, and what to keep until it returns."""

    authorization_url: str
    flow: str = Field(description="Encrypted; keep it in a cookie of this browser for at most 10 minutes")


class SingleSignOnReturn(BaseModel):
    """What the browser returned with."""

    model_config = ConfigDict(extra="forbid")

    flow: _Opaque
    state: _Opaque
    code: _Opaque
