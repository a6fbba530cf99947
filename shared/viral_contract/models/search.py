"""One search over everything that has an id."""

from datetime import datetime

from pydantic import BaseModel, Field


class SearchHit(BaseModel):
    """Something whose id begins with the text, or holds it."""

    id: str = Field(description="Opens it: of a network and a device its ref, else its id")
    label: str = Field(description="Networks and devices are masked without identifiers:read")
    alias: str = Field("", description="Short name that distinguishes masked rows, the same for every viewer")
    status: str | None = Field(None, description="Of a case, an alert and a report")
    at: datetime | None = Field(None, description="When a case or an alert was opened, or a report requested")


class SearchAnswer(BaseModel):
    """Up to 5 of each kind. Without identifiers:read networks and devices are found by their refs only."""

    networks: list[SearchHit] = Field(description="By address, prefix or the beginning of either")
    devices: list[SearchHit] = Field(description="By the beginning of the fingerprint")
    referrers: list[SearchHit] = Field(description="By the beginning of the id")
    links: list[SearchHit] = Field(description="By the beginning of the id")
    cases: list[SearchHit] = Field(description="By id or part of the entity, newest first")
    alerts: list[SearchHit] = Field(description="By id or part of the message, note or a name, worst first")
    reports: list[SearchHit] = Field(description="By id or the beginning of a date of the period, newest first")
