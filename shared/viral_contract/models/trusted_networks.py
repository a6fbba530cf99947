"""Trusted networks: schools and offices behind one IP address. They are the list `allow` of networks."""

from datetime import datetime

from pydantic import BaseModel, Field

from viral_contract.models.entity_lists import ListEntryRequest


class Trust(ListEntryRequest):
    """Why a network is trusted, and until when."""


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
