"""Trusted networks: schools and offices behind one IP address."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from viral_contract.models.values import FutureTime, Note


class Trust(BaseModel):
    """Why a network is trusted, and until when."""

    model_config = ConfigDict(extra="forbid")

    reason: Note
    expires_at: FutureTime | None = Field(None, description="No expiration if absent")


class TrustedNetwork(BaseModel):
    """A network whose clicks are excluded from fraud flags, score and alerts while it is trusted."""

    cidr: str
    reason: str
    expires_at: datetime | None
    created_at: datetime
    created_by: str
    active: bool = Field(description="False once it has expired")


class TrustedNetworksAnswer(BaseModel):
    """All trusted networks, including expired ones, by address."""

    trusted_networks: list[TrustedNetwork]
    total_networks: int
    next_cursor: str | None
